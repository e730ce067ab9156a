"""Adding, changing and removing many websites at once: one that is refused keeps none of the others.

Each use case returns an outcome of each item, in order. ``late`` tells whether it is too late to begin more; what
was not begun by then is refused and may be sent again.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from llmready.domain.clock import is_id
from llmready.domain.errors import DomainError, NotFound, TryAgain
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, left_by
from llmready.ports.websites import Websites
from llmready.usecases.manage_websites import changed_website, new_website, refuse_running

T = TypeVar("T")
Late = Callable[[], bool]
StoreSome = Callable[[Sequence[T]], Sequence[DomainError | None]]


def add_websites(
    user: User,
    bodies: Sequence[dict[str, Any]],
    *,
    websites: Websites,
    allowed_hosts: frozenset[str],
    time: datetime,
    late: Late,
) -> list[Website | DomainError]:
    """Store new websites of a user, and return each as it was stored or why it was not."""

    def prepare(body: dict[str, Any]) -> Website:
        return new_website(user, body, allowed_hosts=allowed_hosts, time=time)

    def store_some(some: Sequence[Website]) -> list[DomainError | None]:
        return websites.create_some(some, limit=user.plan.websites)

    return _stored([_prepared(prepare, body) for body in bodies], store_some, late)


def change_websites(
    user: User,
    changes: Sequence[tuple[str, dict[str, Any]]],
    *,
    websites: Websites,
    allowed_hosts: frozenset[str],
    time: datetime,
    late: Late,
) -> list[Website | DomainError]:
    """Store changed fields of websites, each given by its id, and return each as it is now or why it stayed.

    A website that is named twice is changed twice.
    """

    def prepare(number: int, website: Website | None) -> tuple[Website, Website]:
        old = _there(website)
        return old, changed_website(user, old, changes[number][1], allowed_hosts=allowed_hosts, time=time)

    outcomes: dict[int, Website | DomainError] = {}
    for wave in _waves(user, [website_id for website_id, _ in changes], websites):
        ended = _stored([_prepared(prepare, *named) for named in wave.items()], websites.update_some, late)
        for number, outcome in zip(wave, ended, strict=True):
            outcomes[number] = outcome if isinstance(outcome, DomainError) else outcome[1]
    return [outcomes[number] for number in range(len(changes))]


def remove_websites(
    user: User, website_ids: Sequence[str], *, websites: Websites, time: datetime, late: Late
) -> list[Purge | DomainError | None]:
    """Remove websites, and return what each leaves behind (None for nothing) or why it is still there."""

    def prepare(website: Website | None) -> Website:
        old = _there(website)
        refuse_running(old)
        return old

    def store_some(some: Sequence[Website]) -> list[DomainError | None]:
        return websites.delete_some(some, time)

    outcomes: dict[int, Purge | DomainError | None] = {}
    for wave in _waves(user, website_ids, websites):
        ended = _stored([_prepared(prepare, website) for website in wave.values()], store_some, late)
        for number, outcome in zip(wave, ended, strict=True):
            outcomes[number] = outcome if isinstance(outcome, DomainError) else left_by(outcome, time)
    return [outcomes[number] for number in range(len(website_ids))]


def _waves(user: User, website_ids: Sequence[str], websites: Websites) -> Iterator[dict[int, Website | None]]:
    """Walk the websites by their numbers, in waves that have each at most once, each read when its turn comes."""
    waves: list[dict[int, str]] = []
    seen: dict[str, int] = {}
    for number, website_id in enumerate(website_ids):
        turn = seen[website_id] = seen.get(website_id, -1) + 1
        if turn == len(waves):
            waves.append({})
        waves[turn][number] = website_id
    for wave in waves:
        known = [website_id for website_id in wave.values() if is_id(website_id)]
        found = dict(zip(known, websites.get_some(user.id, known), strict=True))
        yield {number: found.get(website_id) for number, website_id in wave.items()}


def _stored(
    prepared: Sequence[T | DomainError], store_some: StoreSome[T], late: Late
) -> list[T | DomainError]:
    """Store what was prepared, some at a time, and return each, or its refusal in its place."""
    outcomes = list(prepared)
    ready = [(number, item) for number, item in enumerate(prepared) if not isinstance(item, DomainError)]
    refusals: list[DomainError | None] = []
    while len(refusals) < len(ready):
        rest = [item for _, item in ready[len(refusals) :]]
        if late():
            refusals += [TryAgain("There was no time left for this item; please send it again.")] * len(rest)
            break
        try:
            refusals += store_some(rest)
        except TryAgain as busy:
            refusals += [busy] * len(rest)
    for (number, _), refused in zip(ready, refusals, strict=True):
        if refused is not None:
            outcomes[number] = refused
    return outcomes


def _prepared(prepare: Callable[..., T], *arguments: object) -> T | DomainError:
    try:
        return prepare(*arguments)
    except DomainError as refusal:
        return refusal


def _there(website: Website | None) -> Website:
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    return website
