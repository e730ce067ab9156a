"""Add, change and delete websites."""

from typing import Any

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Forbidden, Invalid
from llmready.domain.plans import Schedule
from llmready.domain.schedules import exceeds
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, has_scheme, public_url, refuse_large_patterns
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
        Forbidden: The plan allows no further website, or no such schedule.
    """
    website = new_website(services, user, fields)
    services.websites.create(website, limit=user.plan.websites)
    return website


def change_website(services: Services, user: User, website: Website, changes: dict[str, Any]) -> Website:
    """Store changed fields of a website and return it.

    Raises:
        Invalid: A new value is not valid.
        Forbidden: The plan does not allow the new schedule.
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
        Invalid: The URL is not a public website, the number of pages or the timeout exceeds the plan, or the
            patterns are too large.
        Forbidden: The plan does not allow such a schedule.
    """
    _check_plan(user, fields)
    refuse_large_patterns(fields.get("include_patterns", ()), fields.get("exclude_patterns", ()))
    url = public_url(fields["url"], allowed_hosts=services.settings.allowed_hosts)
    time = services.clock()
    return Website(
        **{
            **fields,
            "id": new_id(),
            "user_id": user.id,
            "url": url,
            "try_http": not has_scheme(fields["url"]),
            "name": fields.get("name") or _host(url),
            "created_at": time,
            "updated_at": time,
        }
    )


def changed_website(services: Services, user: User, website: Website, changes: dict[str, Any]) -> Website:
    """Return a website with changed fields that is not stored yet.

    Raises:
        Invalid: A new value is not valid.
        Forbidden: The plan does not allow the new schedule.
    """
    # After a downgrade, values above the plan stay until they are changed.
    _check_plan(user, {name: value for name, value in changes.items() if value != getattr(website, name)})
    changes = dict(changes)
    if "url" in changes:
        changes["try_http"] = not has_scheme(changes["url"])
        changes["url"] = public_url(changes["url"], allowed_hosts=services.settings.allowed_hosts)
    if "name" in changes:
        changes["name"] = changes["name"] or _host(changes.get("url", website.url))
    changed = website.changed(**changes, updated_at=services.clock())
    refuse_large_patterns(changed.include_patterns, changed.exclude_patterns, stored=website)
    return changed


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


def _check_plan(user: User, fields: dict[str, Any]) -> None:
    """Check new values against the user's plan.

    Raises:
        Invalid: A number is above the plan.
        Forbidden: The schedule is above the plan.
    """
    plan = user.plan
    max_pages, timeout = fields.get("max_pages"), fields.get("timeout")
    if max_pages is not None and max_pages > plan.pages_per_generation:
        raise Invalid(
            "max_pages", f"Your plan allows at most {plan.pages_per_generation} pages a generation."
        )
    if timeout is not None and timeout > plan.longest_crawl:
        raise Invalid("timeout", f"Your plan allows crawls of at most {plan.longest_crawl} seconds.")
    schedule = fields.get("schedule", Schedule.OFF)
    if exceeds(schedule, plan):
        raise Forbidden(
            "plan_limit",
            f"Your plan allows {plan.schedule} runs at most; a larger plan allows {schedule} runs.",
        )


def _host(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")
