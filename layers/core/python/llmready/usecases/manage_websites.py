"""Add, change and delete websites."""

from typing import Any

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Invalid
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, public_url
from llmready.services import Services


def add_website(services: Services, user: User, fields: dict[str, Any]) -> Website:
    """Store a new website of a user.

    Args:
        services: The process's services.
        user: The owner.
        fields: The fields of the API's request body, already of the right types.

    Raises:
        Invalid: The URL is not a public website, or the plan does not allow so many pages.
        Conflict: The user already has a website with this URL.
        Forbidden: The plan allows no further website.
    """
    website = new_website(services, user, fields)
    services.websites.create(website, limit=user.plan.websites)
    return website


def change_website(services: Services, user: User, website: Website, changes: dict[str, Any]) -> Website:
    """Store changed fields of a website and return it.

    Raises:
        Invalid: A new value is not valid.
        Conflict: The user already has a website with the new URL.
    """
    changed = changed_website(services, user, website, changes)
    services.websites.update(website, changed)
    return changed


def remove_website(services: Services, website: Website) -> Purge | None:
    """Delete a website.

    Returns:
        The purge of its generations and files for :func:`llmready.usecases.purge_website.purge_website`, or None if
        it has none.

    Raises:
        Conflict: A generation of the website is running.
        NotFound: The website does not exist any more.
    """
    refuse_running(website)
    return services.websites.delete(website, services.clock())


def new_website(services: Services, user: User, fields: dict[str, Any]) -> Website:
    """Return a new website that is not stored yet.

    Raises:
        Invalid: The URL is not a public website, or the plan does not allow so many pages.
    """
    url = public_url(fields["url"], allowed_hosts=services.settings.allowed_hosts)
    time = services.clock()
    return Website(
        **{
            **fields,
            "id": new_id(),
            "user_id": user.id,
            "url": url,
            "name": fields.get("name") or _host(url),
            "max_pages": _within_plan(user, fields.get("max_pages")),
            "created_at": time,
            "updated_at": time,
        }
    )


def changed_website(services: Services, user: User, website: Website, changes: dict[str, Any]) -> Website:
    """Return a website with changed fields that is not stored yet.

    Raises:
        Invalid: A new value is not valid.
    """
    changes = dict(changes)
    if "url" in changes:
        changes["url"] = public_url(changes["url"], allowed_hosts=services.settings.allowed_hosts)
    if "max_pages" in changes:
        changes["max_pages"] = _within_plan(user, changes["max_pages"])
    if "name" in changes:
        changes["name"] = changes["name"] or _host(changes.get("url", website.url))
    return website.changed(**changes, updated_at=services.clock())


def refuse_running(website: Website) -> None:
    """Check that no generation of a website is running.

    Raises:
        Conflict: A generation is running.
    """
    if website.active_generation_id is not None:
        raise Conflict(
            "generation_in_progress",
            "A generation of this website is running; wait for it to end before deleting the website.",
            generation_id=website.active_generation_id,
        )


def _within_plan(user: User, max_pages: int | None) -> int:
    allowed = user.plan.pages_per_generation
    if max_pages is None:
        return min(100, allowed)
    if max_pages > allowed:
        raise Invalid("max_pages", f"Your plan allows at most {allowed} pages a generation.")
    return max_pages


def _host(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")
