"""Start a generation."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Forbidden, NotFound, TryAgain
from llmready.domain.generation import Generation
from llmready.domain.idempotency import KEPT, AlreadyStarted, StartRecord, digest_of
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.domain.website import CrawlSettings, Website
from llmready.services import Services


class StartRequest(NamedTuple):
    """A request to start a generation.

    Attributes:
        user_id: ID of the user.
        website_id: ID of the website.
        idempotency_key: Makes a repeat within a day the same start.
        correlation_id: ID of the HTTP request, for the logs.
    """

    user_id: str
    website_id: str
    idempotency_key: str | None = None
    correlation_id: str = ""


def start_generation(
    services: Services,
    request: StartRequest,
    *,
    account: Callable[[User | None], User],
    limit: Callable[[], None],
) -> str:
    """Reserve quota, lock the website, store the generation as pending and send it to its queue.

    Once the generation is stored, the start is never lost: if it cannot be sent now, the dispatcher sends it. If the
    plan runs no more generations at once, it waits until another one of the user has ended.

    Args:
        services: The process's services.
        request: The request.
        account: Returns the account if the user's token is still valid for it, or raises an error.
        limit: Counts the request against the user's rate limit, or raises TooManyRequests.

    Returns:
        ID of the generation.

    Raises:
        Invalid: The idempotency key was used for another website.
        TooManyRequests: The user starts too often.
        Unauthenticated: The account does not exist any more.
        NotFound: The user has no such website.
        Paused: Operators have paused new starts.
        Forbidden: The quota is used up, the plan does not cover this website, its host is blocked, or the email
            address is not confirmed.
        Conflict: A generation of the website is running, or the website is inactive.
    """
    time = services.clock()
    digest = digest_of(request.idempotency_key) if request.idempotency_key is not None else None
    found, website, controls, earlier = services.generations.start_snapshot(
        request.user_id, request.website_id, digest
    )
    user = account(found)
    if earlier is not None and earlier.expires_at > time:
        return earlier.answer_for(request.website_id)
    limit()
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    controls.check_start(website.url)
    _refuse(services, user, website)
    generation = _pending(user, website, request.correlation_id, time)
    record = None
    if digest is not None:
        record = StartRecord(
            digest=digest, website_id=website.id, generation_id=generation.id, expires_at=time + KEPT
        )
    try:
        generation = services.generations.start(
            generation,
            quota_limit=user.plan.generations_per_month,
            running_limit=user.plan.running,
            record=record,
        )
    except AlreadyStarted as repeated:
        return repeated.record.answer_for(website.id)
    services.metrics.accepted()
    services.log.info("generation accepted", generation_id=generation.id, held=generation.held)
    if not generation.held:
        _enqueue(services, generation)
    return generation.id


def _enqueue(services: Services, generation: Generation) -> None:
    try:
        services.jobs.send(generation)
    except TryAgain:
        services.log.warning(
            "queue not reached; the dispatcher will send the generation", generation_id=generation.id
        )
    else:
        services.dispatcher_trigger.fire(generation)


def _refuse(services: Services, user: User, website: Website) -> None:
    if services.settings.require_verified_email and not user.is_verified:
        raise Forbidden("email_not_verified", "Please confirm your email address before generating.")
    if not website.is_active:
        raise Conflict("website_inactive", "This website is inactive; activate it to generate.")
    allowed = user.plan.websites
    # A downgrade deletes nothing: the oldest websites within the new number may start generations.
    if user.website_count > allowed and website.id not in services.websites.oldest(user.id, allowed):
        raise Forbidden(
            "plan_limit", f"Your plan covers your {allowed} oldest websites; this one needs a larger plan."
        )


def _pending(user: User, website: Website, correlation_id: str, time: datetime) -> Generation:
    plan = user.plan
    return Generation(
        id=new_id(),
        user_id=user.id,
        website_id=website.id,
        website_name=website.name,
        website_url=website.url,
        settings=CrawlSettings(
            include_patterns=website.include_patterns,
            exclude_patterns=website.exclude_patterns,
            max_pages=min(website.max_pages, plan.pages_per_generation),
            use_playwright=website.use_playwright,
            link_target=website.link_target,
            timeout=website.timeout,
        ),
        month=month_of(time),
        files_kept_days=plan.files_kept_days,
        queue=plan.queue,
        held=user.slots_taken >= plan.running,
        correlation_id=correlation_id,
        created_at=time,
    )
