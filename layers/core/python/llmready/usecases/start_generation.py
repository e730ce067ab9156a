"""Start a generation."""

from collections.abc import Callable
from datetime import datetime

from llmready import measures
from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Forbidden, NotFound, TryAgain
from llmready.domain.generation import Generation
from llmready.domain.idempotency import KEPT, AlreadyStarted, StartRecord, digest_of
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.domain.website import CrawlSettings, Website
from llmready.observability import logger
from llmready.ports.generations import Generations
from llmready.ports.tasks import DispatcherTrigger, JobQueue
from llmready.ports.websites import Websites


def start_generation(
    *,
    user_id: str,
    website_id: str,
    generations: Generations,
    websites: Websites,
    jobs: JobQueue,
    bell: DispatcherTrigger,
    limit: Callable[[], None],
    account: Callable[[User | None], User],
    require_verified_email: bool,
    idempotency_key: str | None,
    correlation_id: str,
    time: datetime,
) -> str:
    """Take quota, lock the website, store the generation as pending and send it to its queue.

    What cannot be sent now is sent by the dispatcher's sweeper: once it is stored, a start is never lost. One beyond
    what the plan runs at once is held until another of its user has ended.

    Args:
        user_id: Who starts.
        website_id: What.
        generations: Where generations are.
        websites: Where websites are.
        jobs: Where generations wait.
        bell: How the dispatcher is woken.
        limit: Takes one of the user's starts.
        account: Refuses an account that the user's token is no longer good for.
        require_verified_email: Whether the address must have been confirmed.
        idempotency_key: What makes a repeat within a day the same start.
        correlation_id: Of the request.
        time: Now.

    Returns:
        The generation's id.

    Raises:
        Invalid: The key was used for another website.
        TooManyRequests: More starts than a minute allows.
        Unauthenticated: The account is gone.
        NotFound: It is no website of this user.
        Paused: Operators let nothing start at the moment.
        Forbidden: No quota is left, the plan does not reach this website, its host is blocked, or the address is not
            confirmed.
        Conflict: A generation of the website is running, or the website is inactive.
    """
    digest = digest_of(idempotency_key) if idempotency_key is not None else None
    found, website, controls, earlier = generations.start_snapshot(user_id, website_id, digest)
    user = account(found)
    if earlier is not None and earlier.expires_at > time:
        return earlier.answer_for(website_id)
    limit()
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    controls.check_start(website.url)
    _refuse(user, website, websites, require_verified_email=require_verified_email)
    generation = _pending(user, website, correlation_id, time)
    record = None
    if digest is not None:
        record = StartRecord(
            digest=digest, website_id=website_id, generation_id=generation.id, expires_at=time + KEPT
        )
    try:
        generation = generations.start(
            generation,
            quota_limit=user.plan.generations_per_month,
            running_limit=user.plan.running,
            record=record,
        )
    except AlreadyStarted as repeated:
        return repeated.record.answer_for(website_id)
    measures.accepted()
    logger.info("generation accepted", generation_id=generation.id, held=generation.held)
    if not generation.held:
        _enqueue(generation, jobs, bell)
    return generation.id


def _enqueue(generation: Generation, jobs: JobQueue, bell: DispatcherTrigger) -> None:
    try:
        jobs.send(generation)
    except TryAgain:
        logger.warning("queue not reached; the sweeper will send the generation", generation_id=generation.id)
    else:
        bell.fire(generation)


def _refuse(user: User, website: Website, websites: Websites, *, require_verified_email: bool) -> None:
    if require_verified_email and not user.is_verified:
        raise Forbidden("email_not_verified", "Please confirm your email address before generating.")
    if not website.is_active:
        raise Conflict("website_inactive", "This website is inactive; activate it to generate.")
    allowed = user.plan.websites
    # After a downgrade nothing is deleted: the oldest websites within the new number go on.
    if user.website_count > allowed and website.id not in websites.oldest(user.id, allowed):
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
