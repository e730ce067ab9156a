"""Users, websites and generations for tests, stored as the use cases store them."""

from datetime import datetime, timedelta
from typing import Any

from llmready.domain.clock import new_id, now
from llmready.domain.generation import Generation
from llmready.domain.plans import plan_named
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.domain.website import CrawlSettings, Website
from testkit.emulator import Place

LEASE = timedelta(seconds=30)


def new_user(plan: str = "pro", **fields: Any) -> User:
    """Return a user with a confirmed address who is not stored yet."""
    user_id = new_id()
    return User(
        **{
            "id": user_id,
            "email": f"{user_id}@example.com",
            "password_hash": "$argon2id$none",
            "plan_name": plan,
            "is_verified": True,
            "created_at": now(),
            "updated_at": now(),
            **fields,
        }
    )


def new_website(user: User, url: str | None = None, **fields: Any) -> Website:
    """Return a website that is not stored yet."""
    website_id = new_id()
    return Website(
        **{
            "id": website_id,
            "user_id": user.id,
            "url": url or f"https://{website_id}.example.com/",
            "name": "A site",
            "created_at": now(),
            "updated_at": now(),
            **fields,
        }
    )


def new_generation(user: User, website: Website, time: datetime | None = None, **fields: Any) -> Generation:
    """Return a pending generation that is not stored yet."""
    time = time or now()
    plan = plan_named(user.plan_name)
    return Generation(
        **{
            "id": new_id(),
            "user_id": user.id,
            "website_id": website.id,
            "website_name": website.name,
            "website_url": website.url,
            "settings": CrawlSettings.model_validate(
                website.model_dump(include=set(CrawlSettings.model_fields), exclude_none=True)
            ),
            "month": month_of(time),
            "files_kept_days": plan.files_kept_days,
            "queue": plan.queue,
            "created_at": time,
            **fields,
        }
    )


def registered(place: Place, plan: str = "pro", **fields: Any) -> User:
    """Return a stored user."""
    user = new_user(plan, **fields)
    assert place.users.create(user)
    return user


def with_website(place: Place, user: User, url: str | None = None, **fields: Any) -> Website:
    """Return a stored website of a user."""
    website = new_website(user, url, **fields)
    place.websites.create(website, limit=1000)
    return website


def with_websites(place: Place, user: User, count: int) -> list[Website]:
    """Return stored websites of a user; for many, this is faster than one by one."""
    websites = [new_website(user) for _ in range(count)]
    stored = 0
    while stored < count:
        outcomes = place.websites.create_some(websites[stored:], limit=1000)
        assert set(outcomes) == {None}
        stored += len(outcomes)
    return websites


def started(place: Place, user: User, website: Website, **fields: Any) -> Generation:
    """Return a stored pending generation that took quota but is not in a queue."""
    generation = new_generation(user, website, **fields)
    return place.generations.start(generation, quota_limit=user.plan.generations_per_month)


def queued(place: Place, url: str | None = None, **fields: Any) -> Generation:
    """Return a pending generation in its queue, for a new website of a new user.

    Args:
        place: Where the items are stored.
        url: The website's address; default: an address that does not exist.
        fields: Fields of the website that differ from the defaults.
    """
    user = registered(place)
    generation = started(place, user, with_website(place, user, url, **fields))
    place.jobs.send(generation)
    return generation


def claimed(place: Place, generation: Generation) -> Generation:
    """Return a generation that a worker has claimed."""
    held = generation.claimed(time=now(), lease=LEASE)
    place.generations.claim(generation, held)
    return held
