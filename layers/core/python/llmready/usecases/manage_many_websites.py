"""Add, change and delete many websites at once: one that is refused does not affect the others.

Each use case returns one outcome for each item, in order. ``late`` returns whether the time limit of the
request is reached. The remaining items are then refused, and clients can send them again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from llmready.domain.clock import is_id
from llmready.domain.errors import DomainError, NotFound, TryAgain
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, left_by
from llmready.services import Services
from llmready.usecases.manage_websites import changed_website, new_website, refuse_running

T = TypeVar("T")
Late = Callable[[], bool]
StoreSome = Callable[[Sequence[T]], Sequence[DomainError | None]]


def add_websites(
    services: Services, user: User, bodies: Sequence[dict[str, Any]], *, late: Late
) -> list[Website | DomainError]:
    """Store new websites of a user. Return each website, or why it was refused."""

    def prepare(body: dict[str, Any]) -> Website:
        return new_website(services, user, body)

    def store_some(some: Sequence[Website]) -> list[DomainError | None]:
        return services.websites.create_some(some, limit=user.plan.websites)

    return _stored([_prepared(prepare, body) for body in bodies], store_some, late)


def change_websites(
    services: Services, user: User, changes: Sequence[tuple[str, dict[str, Any]]], *, late: Late
) -> list[Website | DomainError]:
    """Store changed fields of websites. Return each changed website, or why it was refused.

    Args:
        services: The process's services.
        user: The owner.
        changes: ID of each website with its changed fields. A website that is named twice is changed twice.
        late: Tells whether the time of the request is over.
    """

    def prepare(number: int, website: Website | None) -> tuple[Website, Website]:
        old = _existing(website)
        return old, changed_website(services, user, old, changes[number][1])

    outcomes: dict[int, Website | DomainError] = {}
    for wave in _waves(services, user, [website_id for website_id, _ in changes]):
        prepared = [_prepared(prepare, *named) for named in wave.items()]
        ended = _stored(prepared, services.websites.update_some, late)
        for number, outcome in zip(wave, ended, strict=True):
            outcomes[number] = outcome if isinstance(outcome, DomainError) else outcome[1]
    return [outcomes[number] for number in range(len(changes))]


def remove_websites(
    services: Services, user: User, website_ids: Sequence[str], *, late: Late
) -> list[Purge | DomainError | None]:
    """Delete websites.

    Return for each website its purge, None if nothing is left to delete, or the reason of a refusal.
    """
    time = services.clock()

    def prepare(website: Website | None) -> Website:
        old = _existing(website)
        refuse_running(old)
        return old

    def store_some(some: Sequence[Website]) -> list[DomainError | None]:
        return services.websites.delete_some(some, time)

    outcomes: dict[int, Purge | DomainError | None] = {}
    for wave in _waves(services, user, website_ids):
        ended = _stored([_prepared(prepare, website) for website in wave.values()], store_some, late)
        for number, outcome in zip(wave, ended, strict=True):
            outcomes[number] = outcome if isinstance(outcome, DomainError) else left_by(outcome, time)
    return [outcomes[number] for number in range(len(website_ids))]


def _waves(services: Services, user: User, website_ids: Sequence[str]) -> Iterator[dict[int, Website | None]]:
    """Iterate over the websites by their positions, in groups that contain each website at most once.

    A group is read immediately before it is changed, so it includes the changes of earlier groups.
    """
    waves: list[dict[int, str]] = []
    seen: dict[str, int] = {}
    for number, website_id in enumerate(website_ids):
        turn = seen[website_id] = seen.get(website_id, -1) + 1
        if turn == len(waves):
            waves.append({})
        waves[turn][number] = website_id
    for wave in waves:
        known = [website_id for website_id in wave.values() if is_id(website_id)]
        found = dict(zip(known, services.websites.get_some(user.id, known), strict=True))
        yield {number: found.get(website_id) for number, website_id in wave.items()}


def _stored(
    prepared: Sequence[T | DomainError], store_some: StoreSome[T], late: Late
) -> list[T | DomainError]:
    """Store the prepared items in several transactions. Return each item, or its refusal in its place."""
    outcomes = list(prepared)
    ready = [(number, item) for number, item in enumerate(prepared) if not isinstance(item, DomainError)]
    refusals: list[DomainError | None] = []
    while len(refusals) < len(ready):
        rest = [item for _, item in ready[len(refusals) :]]
        if late():
            refusals += [
                TryAgain(
                    "The request ran out of time before this item was processed; please send the item again."
                )
            ] * len(rest)
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


def _existing(website: Website | None) -> Website:
    if website is None:
        raise NotFound("website_not_found", "There is no such website.")
    return website
