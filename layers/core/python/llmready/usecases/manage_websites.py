"""Adding, changing and removing websites."""

from datetime import datetime
from typing import Any

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Invalid
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, public_url
from llmready.ports.websites import Websites


def add_website(
    user: User,
    fields: dict[str, Any],
    *,
    websites: Websites,
    allowed_hosts: frozenset[str],
    time: datetime,
) -> Website:
    """Store a new website of a user; ``fields`` are those of the contract, already of the right types.

    Raises:
        Invalid: The URL is no public website.
        Conflict: The user already has this URL.
        Forbidden: The plan allows no further website.
    """
    website = new_website(user, fields, allowed_hosts=allowed_hosts, time=time)
    websites.create(website, limit=user.plan.websites)
    return website


def change_website(
    user: User,
    website: Website,
    changes: dict[str, Any],
    *,
    websites: Websites,
    allowed_hosts: frozenset[str],
    time: datetime,
) -> Website:
    """Store changed fields of a website.

    Raises:
        Invalid: A new value is not acceptable.
        Conflict: The user already has the new URL.
    """
    changed = changed_website(user, website, changes, allowed_hosts=allowed_hosts, time=time)
    websites.update(website, changed)
    return changed


def remove_website(website: Website, *, websites: Websites, time: datetime) -> Purge | None:
    """Remove a website; what it leaves behind is returned for :func:`purge_website`, None for nothing.

    Raises:
        Conflict: A generation of it is running.
        NotFound: It is gone already.
    """
    refuse_running(website)
    return websites.delete(website, time)


def new_website(
    user: User, fields: dict[str, Any], *, allowed_hosts: frozenset[str], time: datetime
) -> Website:
    """Return a new website that is not stored yet.

    Raises:
        Invalid: The URL is no public website, or the plan has not so many pages.
    """
    url = public_url(fields["url"], allowed_hosts=allowed_hosts)
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


def changed_website(
    user: User,
    website: Website,
    changes: dict[str, Any],
    *,
    allowed_hosts: frozenset[str],
    time: datetime,
) -> Website:
    """Return a website with changed fields that is not stored yet.

    Raises:
        Invalid: A new value is not acceptable.
    """
    changes = dict(changes)
    if "url" in changes:
        changes["url"] = public_url(changes["url"], allowed_hosts=allowed_hosts)
    if "max_pages" in changes:
        changes["max_pages"] = _within_plan(user, changes["max_pages"])
    if "name" in changes:
        changes["name"] = changes["name"] or _host(changes.get("url", website.url))
    return website.changed(**changes, updated_at=time)


def refuse_running(website: Website) -> None:
    """Refuse what may not happen to a website while a generation of it runs.

    Raises:
        Conflict: One is running.
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
