"""``/websites``: what a user wants as text."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from llmready import bootstrap
from llmready.domain.clock import is_id, now
from llmready.domain.errors import NotFound, Unauthenticated
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.http.api import PREFIX, Api, offset_of, pages_of
from llmready.http.schemas.common import Message
from llmready.http.schemas.websites import (
    UserStats,
    WebsiteAnswer,
    WebsiteBody,
    WebsiteChange,
    WebsiteList,
    WebsiteStats,
    success_rate,
)
from llmready.settings import settings
from llmready.usecases.manage_websites import add_website, change_website, remove_website

app = Api()


@app.post(f"{PREFIX}/websites", summary="Add a website", status_code=201, tags=["websites"])
def create(body: Annotated[WebsiteBody, Body()]) -> WebsiteAnswer:
    """Store a website; ``example.com`` becomes ``https://example.com``."""
    website = add_website(
        _user(),
        body.model_dump(),
        websites=bootstrap.websites(),
        allowed_hosts=settings().allowed_hosts,
        time=now(),
    )
    return WebsiteAnswer.model_validate(website)


@app.get(f"{PREFIX}/websites", summary="List the websites", tags=["websites"])
def list_websites(
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    is_active: Annotated[bool | None, Query()] = None,
) -> WebsiteList:
    """Return one page of websites, newest first."""
    offset = offset_of(page, per_page)
    found = bootstrap.websites().page(_user().id, offset=offset, limit=per_page, is_active=is_active)
    return WebsiteList(
        items=[WebsiteAnswer.model_validate(website) for website in found.items],
        total=found.total,
        page=page,
        per_page=per_page,
        pages=pages_of(found.total, per_page),
    )


@app.get(f"{PREFIX}/websites/stats/user", summary="Figures of all websites", tags=["websites"])
def user_stats() -> UserStats:
    """Return what became of the user's generations."""
    user, quota = bootstrap.quotas().with_user(app.user_id, month_of(now()))
    if user is None:
        raise _no_account()
    return UserStats(
        total_websites=user.website_count,
        active_websites=user.active_website_count,
        total_generations=user.generation_count,
        successful_generations=user.completed_count,
        failed_generations=user.failed_count,
        generations_this_month=quota.taken,
        generations_remaining=quota.remaining(user.plan),
        success_rate=success_rate(user.completed_count, user.failed_count),
    )


@app.get(f"{PREFIX}/websites/<website_id>", summary="One website", tags=["websites"])
def read(website_id: str) -> WebsiteAnswer:
    """Return a website."""
    return WebsiteAnswer.model_validate(_website(_user(), website_id))


@app.put(f"{PREFIX}/websites/<website_id>", summary="Replace a website", tags=["websites"])
def replace(website_id: str, body: Annotated[WebsiteBody, Body()]) -> WebsiteAnswer:
    """Store a website as a whole; what is left out takes its default."""
    return _change(website_id, body.model_dump())


@app.patch(f"{PREFIX}/websites/<website_id>", summary="Change a website", tags=["websites"])
def change(website_id: str, body: Annotated[WebsiteChange, Body()]) -> WebsiteAnswer:
    """Change some fields of a website; what is left out stays as it is."""
    return _change(website_id, body.model_dump(exclude_unset=True))


@app.delete(f"{PREFIX}/websites/<website_id>", summary="Delete a website", tags=["websites"])
def delete(website_id: str) -> Message:
    """Remove a website with its generations and their files; refused while a generation runs."""
    remove_website(
        _website(_user(), website_id),
        websites=bootstrap.websites(),
        generations=bootstrap.generations(),
        archives=bootstrap.archives(),
    )
    return Message(message="Website deleted successfully.")


@app.get(f"{PREFIX}/websites/<website_id>/stats", summary="Figures of a website", tags=["websites"])
def website_stats(website_id: str) -> WebsiteStats:
    """Return what became of a website's generations."""
    website = _website(_user(), website_id)
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


def _change(website_id: str, changes: dict[str, object]) -> WebsiteAnswer:
    user = _user()
    changed = change_website(
        user,
        _website(user, website_id),
        changes,
        websites=bootstrap.websites(),
        allowed_hosts=settings().allowed_hosts,
        time=now(),
    )
    return WebsiteAnswer.model_validate(changed)


def _user() -> User:
    user = bootstrap.users().get(app.user_id)
    if user is None:
        raise _no_account()
    return user


def _website(user: User, website_id: str) -> Website:
    website = bootstrap.websites().get(user.id, website_id) if is_id(website_id) else None
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    return website


def _no_account() -> Unauthenticated:
    return Unauthenticated("invalid_token", "The account of this token no longer exists.")


handler = app.entry()
