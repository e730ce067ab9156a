"""Start a generation of a website, which is named by its ID or by its URL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Forbidden, NotFound, TryAgain
from llmready.domain.failed_crawls import check_failed_crawls
from llmready.domain.generation import Generation, Trigger
from llmready.domain.idempotency import KEPT, AlreadyStarted, StartRecord, digest_of
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.domain.website import CrawlRules, CrawlSettings, Website, canonical_url, public_url
from llmready.ports.generations import NewWebsite, ScheduledStart, StartSnapshot
from llmready.services import Services
from llmready.usecases.manage_websites import new_website

# How often the website of a URL may be stored or deleted by somebody else between the read and the transaction.
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """What a client asks to start.

    Attributes:
        user_id: ID of the user.
        website_id: ID of the website; None when ``url`` names it.
        url: URL as the client wrote it. The user's website with this canonical URL is used, or created.
        max_pages: Maximum number of pages of this generation; None uses the setting of the website.
        idempotency_key: Text that identifies the request. A repeat with the same text within a day starts nothing
            new.
        trigger: What starts the generation.
        scheduled: The run of the website's schedule that the start begins.
        correlation_id: ID of the HTTP request.
    """

    user_id: str
    website_id: str | None = None
    url: str | None = None
    max_pages: int | None = None
    idempotency_key: str | None = None
    trigger: Trigger = Trigger.MANUAL
    scheduled: ScheduledStart | None = None
    correlation_id: str = ""


class StartedGeneration(NamedTuple):
    """A generation that was started.

    Attributes:
        id: Its ID.
        is_confirmed: Whether the user's address was confirmed at the start, so that an email follows.
        generation: The generation, or None if an earlier request with the same idempotency key started it.
    """

    id: str
    is_confirmed: bool
    generation: Generation | None = None


def start_generation(
    services: Services,
    request: StartRequest,
    *,
    account: Callable[[User | None], User],
    limit: Callable[[], None],
) -> StartedGeneration:
    """Reserve quota, lock the website, store the generation as pending and send it to its queue.

    A website that does not exist yet is created in the same transaction, so a refused start creates nothing. If the
    message cannot be sent now, the dispatcher sends it later. If the user already runs as many generations as the
    plan allows, the new one waits until another one ends.

    Args:
        services: The process's services.
        request: What to start.
        account: Returns the account if the credentials are still valid for it, or raises Unauthenticated.
        limit: Counts the start against the user's limit of starts per minute, or raises TooManyRequests.

    Returns:
        The generation, or the one that an earlier request with the same idempotency key started.

    Raises:
        Invalid: The URL is not public, or the idempotency key was used for another request. TooManyRequests:
        More starts than a minute allows, or more failed and cancelled crawls than a day allows.
        Unauthenticated: The account does not exist any more. NotFound: The user has no such website. Paused: An
        operator has paused new starts. Forbidden: No quota is left, the plan no longer allows this website, its host
        is blocked, or the email address is not confirmed. Conflict: A generation of the website is running, or the
        website is inactive.
    """
    allowed_hosts = services.settings.allowed_hosts
    url = public_url(request.url, allowed_hosts=allowed_hosts) if request.url is not None else None
    for attempt in range(_TRIES):
        try:
            return _start(services, request, url, account=account, limit=limit if attempt == 0 else None)
        except Conflict as conflict:
            # Another request stored the website of this URL after it was looked up.
            if conflict.code != "website_exists":
                raise
    raise TryAgain


def _start(
    services: Services,
    request: StartRequest,
    url: str | None,
    *,
    account: Callable[[User | None], User],
    limit: Callable[[], None] | None,
) -> StartedGeneration:
    time = services.clock()
    canonical = canonical_url(url) if url is not None else None
    digest = digest_of(request.idempotency_key) if request.idempotency_key is not None else None
    snapshot = _snapshot(services, request, canonical, digest)
    user = account(snapshot.user)
    if snapshot.earlier is not None and snapshot.earlier.expires_at > time:
        return _repeated(snapshot.earlier, request.website_id, canonical)
    if limit is not None:
        limit()
    check_failed_crawls(snapshot.failed_seconds, time, ended=snapshot.failed_numbers)
    website, created = snapshot.website, None
    if website is None:
        if request.url is None:
            raise NotFound("website_not_found", "There is no such website.")
        website = new_website(services, user, {"url": request.url})
        created = NewWebsite(website, user.plan.websites)
    snapshot.controls.check_start(website.url)
    _check_allowed(services, user, website, is_new=created is not None)
    generation = _pending(user, website, request, time)
    record = None
    if digest is not None:
        record = StartRecord(
            digest=digest,
            website_id=request.website_id or "",
            canonical_url=canonical,
            generation_id=generation.id,
            is_confirmed=user.is_verified,
            expires_at=time + KEPT,
        )
    try:
        generation = services.generations.start(
            generation,
            quota_limit=user.plan.generations_per_month,
            running_limit=user.plan.running,
            record=record,
            new_website=created,
            scheduled=request.scheduled,
        )
    except AlreadyStarted as repeated:
        return _repeated(repeated.record, request.website_id, canonical)
    services.metrics.accepted()
    services.log.info("generation accepted", generation_id=generation.id, waiting=generation.waiting)
    if not generation.waiting:
        _enqueue(services, generation)
    return StartedGeneration(generation.id, user.is_verified, generation)


def _repeated(record: StartRecord, website_id: str | None, canonical: str | None) -> StartedGeneration:
    earlier = record.answer_for(website_id, canonical)
    return StartedGeneration(earlier.generation_id, earlier.is_confirmed)


def _snapshot(
    services: Services, request: StartRequest, canonical: str | None, digest: str | None
) -> StartSnapshot:
    if canonical is not None:
        return services.generations.start_snapshot_by_url(request.user_id, canonical, digest)
    return services.generations.start_snapshot(request.user_id, request.website_id or "", digest)


def _enqueue(services: Services, generation: Generation) -> None:
    try:
        services.jobs.send(generation)
    except TryAgain:
        services.log.warning(
            "queue not reached; the dispatcher will send the generation", generation_id=generation.id
        )
        return
    if generation.trigger is Trigger.SCHEDULE:
        # The dispatcher itself started it.
        services.generations.mark_enqueued(generation.user_id, generation.id, services.clock())
    else:
        services.dispatcher_trigger.fire(generation)


def _check_allowed(services: Services, user: User, website: Website, *, is_new: bool) -> None:
    if services.settings.require_verified_email and not user.is_verified:
        raise Forbidden("email_not_verified", "Please confirm your email address before generating.")
    if not website.is_active:
        raise Conflict("website_inactive", "This website is inactive; activate it to generate.")
    allowed = user.plan.websites
    # After a downgrade nothing is deleted: the oldest websites within the new number may start generations.
    if (
        not is_new
        and user.website_count > allowed
        and website.id not in services.websites.oldest(user.id, allowed)
    ):
        raise Forbidden(
            "plan_limit",
            f"Your plan allows generations of your {allowed} oldest websites only; this one needs a larger plan.",
        )


def _pending(user: User, website: Website, request: StartRequest, time: datetime) -> Generation:
    plan = user.plan
    wanted = website.max_pages if request.max_pages is None else request.max_pages
    limited_by_plan = wanted is None or wanted > plan.pages_per_generation
    rules = website.model_dump(include=set(CrawlRules.model_fields))
    return Generation(
        id=new_id(),
        user_id=user.id,
        website_id=website.id,
        website_name=website.name,
        website_url=website.url,
        settings=CrawlSettings(
            **{
                **rules,
                "max_pages": plan.pages_per_generation if wanted is None or limited_by_plan else wanted,
                "timeout": min(website.timeout, plan.longest_crawl),
            }
        ),
        paid=plan.is_paid,
        limited_by_plan=limited_by_plan,
        trigger=request.trigger,
        month=month_of(time),
        quota_ledger=user.quota_ledger,
        files_kept_days=plan.files_kept_days,
        queue=plan.queue,
        waiting=user.slots_taken >= plan.running,
        correlation_id=request.correlation_id,
        created_at=time,
    )
