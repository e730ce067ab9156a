"""``/websites``: the websites of a user."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from llmready import bootstrap
from llmready.domain.clock import is_id, now
from llmready.domain.controls import Controls
from llmready.domain.errors import DomainError, NotFound, TryAgain
from llmready.domain.plans import Schedule
from llmready.domain.quota import month_of, resets_at
from llmready.domain.rate_limits import Rate
from llmready.domain.user import User
from llmready.domain.website import Purge, Website
from llmready.http.api import PREFIX, Api, offset_of, pages_of
from llmready.http.bulk import answer_each
from llmready.http.cursors import cursor_at, place_of
from llmready.http.route_limits import RouteLimit
from llmready.http.schemas.bulk import BulkAnswer, BulkBody, BulkCreate, BulkUpdate
from llmready.http.schemas.common import Message
from llmready.http.schemas.websites import (
    PreviewAnswer,
    PreviewBody,
    UserStats,
    WebsiteAnswer,
    WebsiteBody,
    WebsiteChange,
    WebsiteList,
    WebsiteStats,
    success_rate,
)
from llmready.usecases.manage_many_websites import add_websites, change_websites, remove_websites
from llmready.usecases.manage_websites import add_website, change_website, remove_website
from llmready.usecases.preview_patterns import preview_patterns
from llmready.usecases.purge_website import purge_website

# Seconds (of the request's 15 s) that are used for processing items and deleting data of deleted websites.
_PURGE_AT_ONCE = timedelta(seconds=5)
_BULK_WITHIN = timedelta(seconds=9)
_BULK_RATE = Rate(20)
# Units of work that a user may cause by adding, changing and deleting websites, alone or in bulk. DynamoDB charges a
# change or a deletion for the size of the whole website, which can be much larger than the request.
_WORK_RATE = Rate(1000)
_UNITS_OF_A_CHANGE = 2
_BYTES_OF_A_UNIT = 1000
# The web app sends a request after each change of the patterns. A request may take some seconds of processor time.
_PREVIEW_RATE = Rate(30)
# A website with long patterns and a long description costs twice as much to list as a generation.
_WEIGHT_OF_A_WEBSITE = 2

app = Api(limits={"POST /websites/bulk": RouteLimit("bulk", lambda: _BULK_RATE, per_user=True)})


@app.post(f"{PREFIX}/websites", summary="Add a website", status_code=201, tags=["websites"])
def create(body: Annotated[WebsiteBody, Body()]) -> WebsiteAnswer:
    """Store a website; ``example.com`` becomes ``https://example.com``."""
    user = _user()
    _limit_work(1, user)
    return _shown(user)(_add(user, body))


@app.post(f"{PREFIX}/websites/bulk", summary="Add, change or delete many websites", tags=["websites"])
def bulk(body: Annotated[BulkBody, Body()]) -> BulkAnswer:
    """Add, change or delete up to 50 websites. A refused item does not affect other websites.

    Changes of the same website are stored together. If they cannot be stored, all of them are refused.
    """
    user = _user()
    until = now() + _BULK_WITHIN
    services = bootstrap.services()

    def late() -> bool:
        return now() >= until

    show = _shown(user)
    if isinstance(body, BulkCreate):
        _limit_work(len(body.create), user)
        return answer_each(
            body.create,
            lambda bodies: add_websites(services, user, [item.model_dump() for item in bodies], late=late),
            status=201,
            show=show,
        )
    if isinstance(body, BulkUpdate):
        return answer_each(
            body.update,
            lambda changes: change_websites(
                services,
                user,
                [(item.id, item.model_dump(exclude_unset=True, exclude={"id"})) for item in changes],
                late=late,
                count=partial(_limit_work, len(changes) * _UNITS_OF_A_CHANGE, user),
            ),
            status=200,
            show=show,
        )
    return answer_each(
        body.delete,
        lambda deletions: _removed(user, [item.id for item in deletions], late),
        status=200,
        show=show,
    )


@app.get(f"{PREFIX}/websites", summary="List the websites", tags=["websites"])
def list_websites(
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    is_active: Annotated[bool | None, Query()] = None,
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> WebsiteList:
    """Return one page of websites, newest first; ``cursor`` is the ``next_cursor`` of the previous page."""
    offset = 0 if cursor else offset_of(page, per_page)
    app.limit_list(per_page, offset, weight=_WEIGHT_OF_A_WEBSITE)
    found = bootstrap.services().websites.page(
        app.user_id,
        offset=offset,
        limit=per_page,
        is_active=is_active,
        after=place_of(cursor) if cursor else None,
    )
    user = app.account(found.user)
    return WebsiteList(
        items=list(map(_shown(user), found.items)),
        total=found.total,
        page=page,
        per_page=per_page,
        pages=pages_of(found.total, per_page),
        next_cursor=cursor_at(found.last_id) if found.last_id else None,
    )


@app.get(f"{PREFIX}/websites/stats/user", summary="Get statistics of all websites", tags=["websites"])
def user_stats() -> UserStats:
    """Return statistics of the user's generations."""
    user, time = _user(), now()
    quota = bootstrap.services().quotas.get(user.id, month_of(time), user.quota_ledger)
    return UserStats(
        total_websites=user.website_count,
        active_websites=user.active_website_count,
        total_generations=user.generation_count,
        successful_generations=user.completed_count,
        failed_generations=user.failed_count,
        generations_this_month=quota.taken,
        generations_remaining=quota.remaining(user.plan),
        resets_at=resets_at(time),
        success_rate=success_rate(user.completed_count, user.failed_count),
    )


@app.get(f"{PREFIX}/websites/<website_id>", summary="One website", tags=["websites"])
def read(website_id: str) -> WebsiteAnswer:
    """Return a website."""
    user, website = _own(website_id)
    return _shown(user)(website)


@app.put(f"{PREFIX}/websites/<website_id>", summary="Replace a website", tags=["websites"])
def replace(website_id: str, body: Annotated[WebsiteBody, Body()]) -> WebsiteAnswer:
    """Replace a website; omitted fields take their defaults."""
    return _change(website_id, body.model_dump())


@app.patch(f"{PREFIX}/websites/<website_id>", summary="Change a website", tags=["websites"])
def change(website_id: str, body: Annotated[WebsiteChange, Body()]) -> WebsiteAnswer:
    """Change some fields of a website; omitted fields stay unchanged."""
    changes = body.model_dump(exclude_unset=True)
    return _change(website_id, changes)


@app.delete(f"{PREFIX}/websites/<website_id>", summary="Delete a website", tags=["websites"])
def delete(website_id: str) -> Message:
    """Delete a website with its generations and their files; refused while a generation is running."""
    user, website = _own(website_id)
    _limit_work(1, user, [website])
    purge = remove_website(bootstrap.services(), website)
    if purge is None or _purge(purge, until=now() + _PURGE_AT_ONCE):
        return Message(message="Website deleted successfully.")
    return Message(message="Website deleted successfully. Its files are being removed in the background.")


@app.post(
    f"{PREFIX}/websites/<website_id>/preview",
    summary="Preview include and exclude patterns",
    tags=["websites"],
)
def preview(website_id: str, body: Annotated[PreviewBody, Body()]) -> PreviewAnswer:
    """Return which page URLs of the last completed generation the patterns match."""
    _, website = _own(website_id)
    app.limit("previews", _PREVIEW_RATE, key=website.user_id)
    include, exclude = body.include_patterns, body.exclude_patterns
    found = preview_patterns(
        bootstrap.services(),
        website,
        website.include_patterns if include is None else include,
        website.exclude_patterns if exclude is None else exclude,
    )
    return PreviewAnswer.model_validate(found._asdict())


@app.get(f"{PREFIX}/websites/<website_id>/stats", summary="Get statistics of a website", tags=["websites"])
def website_stats(website_id: str) -> WebsiteStats:
    """Return statistics of a website's generations."""
    _, website = _own(website_id)
    return WebsiteStats(
        website_id=website.id,
        website_name=website.name,
        website_url=website.url,
        total_generations=website.generation_count,
        successful_generations=website.completed_count,
        failed_generations=website.failed_count,
        last_generation_at=website.last_generated_at,
        success_rate=success_rate(website.completed_count, website.failed_count),
    )


def _limit_work(units: int, user: User, stored: Collection[Website] = ()) -> None:
    """Count units of work, and the size of the request or of stored websites, whichever is larger.

    Everything is counted at once and at most up to the limit, so that a large request succeeds after a wait.
    """
    size = len((app.current_event.body or "").encode()) // _BYTES_OF_A_UNIT
    units = min(_WORK_RATE.tokens, units + max(size, _units_of(stored)))
    app.limit("website_changes", _WORK_RATE, key=user.id, units=units)


def _units_of(websites: Collection[Website]) -> int:
    return sum(len(website.model_dump_json().encode()) // _BYTES_OF_A_UNIT for website in websites)


def _add(user: User, body: WebsiteBody) -> Website:
    return add_website(bootstrap.services(), user, body.model_dump())


def _change(website_id: str, changes: dict[str, object]) -> WebsiteAnswer:
    user, website = _own(website_id)
    _limit_work(_UNITS_OF_A_CHANGE, user, [website])
    return _shown(user)(change_website(bootstrap.services(), user, website, changes))


def _shown(user: User) -> Callable[[Website], WebsiteAnswer]:
    """Return a function that shows a user's websites.

    It reads the controls once, and only if a website has a schedule.
    """
    read_controls = cache(bootstrap.services().controls.get)

    def show(website: Website) -> WebsiteAnswer:
        scheduled = website.is_active and website.schedule is not Schedule.OFF
        controls = read_controls() if scheduled else Controls()
        return WebsiteAnswer.of(website, user, time=now(), controls=controls)

    return show


def _removed(user: User, website_ids: list[str], late: Callable[[], bool]) -> list[str | DomainError]:
    until = now() + _PURGE_AT_ONCE
    outcomes = remove_websites(
        bootstrap.services(), user, website_ids, late=late, count=partial(_limit_work, len(website_ids), user)
    )
    for purge in outcomes:
        if isinstance(purge, Purge):
            _purge(purge, until=until)
    return [
        outcome if isinstance(outcome, DomainError) else website_id
        for website_id, outcome in zip(website_ids, outcomes, strict=True)
    ]


def _purge(purge: Purge, *, until: datetime) -> bool:
    """Delete the data of a deleted website. Return False if the cleanup function must delete the rest."""
    try:
        done = purge_website(bootstrap.services(), purge, until=until)
    except TryAgain:
        done = False
    if not done:
        bootstrap.services().purge_trigger.fire(purge)
    return done


def _user() -> User:
    return app.account(bootstrap.services().users.get(app.user_id))


def _own(website_id: str) -> tuple[User, Website]:
    """Return the signed-in user and a website of theirs."""
    if not is_id(website_id):
        found, website = bootstrap.services().users.get(app.user_id), None
    else:
        found, website = bootstrap.services().websites.get_for_user(app.user_id, website_id)
    user = app.account(found)
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    return user, website


handler = app.entry()
