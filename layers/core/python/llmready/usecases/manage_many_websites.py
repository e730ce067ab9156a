"""Add, change and delete many websites at once: one that is refused does not affect the others.

Each use case returns one outcome for each item, in order. ``late`` returns whether the time limit of the
request is reached. The remaining items are then refused, and clients can send them again. ``count`` counts stored
websites against a limit before they are changed or deleted, and may refuse the request.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from llmready.domain.clock import is_id
from llmready.domain.errors import DomainError, NotFound, TryAgain
from llmready.domain.user import User
from llmready.domain.website import Purge, Website, left_by
from llmready.services import Services
from llmready.usecases.manage_websites import changed_website, new_website, refuse_running

T = TypeVar("T")
Late = Callable[[], bool]
Count = Callable[[Collection[Website]], None]
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
    services: Services,
    user: User,
    changes: Sequence[tuple[str, dict[str, Any]]],
    *,
    late: Late,
    count: Count,
) -> list[Website | DomainError]:
    """Store changed fields of websites. Return each changed website, or why it was refused.

    Args:
        services: The process's services.
        user: The owner.
        changes: ID of each website with its changed fields. The changes of a website that is named several times
            are combined in their order and stored once, because DynamoDB charges for each write. A change that is
            not valid is left out. If the combined change cannot be stored, all changes of the website are refused.
        late: Tells whether the time of the request is over.
        count: Counts the stored websites.
    """
    found = _read(services, user, [website_id for website_id, _ in changes])
    count(list(filter(None, found.values())))
    latest = dict(found)
    outcomes: dict[int, Website | DomainError] = {}
    for number, (website_id, fields) in enumerate(changes):
        try:
            latest[website_id] = changed_website(services, user, _existing(latest[website_id]), fields)
        except DomainError as refusal:
            outcomes[number] = refusal
    pairs = [
        (old, new)
        for old, new in zip(found.values(), latest.values(), strict=True)
        if old is not None and new is not None and new is not old
    ]
    ended = _stored(pairs, services.websites.update_some, late)
    stored = {
        old.id: outcome if isinstance(outcome, DomainError) else outcome[1]
        for (old, _), outcome in zip(pairs, ended, strict=True)
    }
    return [
        outcomes[number] if number in outcomes else stored[website_id]
        for number, (website_id, _) in enumerate(changes)
    ]


def remove_websites(
    services: Services, user: User, website_ids: Sequence[str], *, late: Late, count: Count
) -> list[Purge | DomainError | None]:
    """Delete websites.

    Return for each website its purge, None if nothing is left to delete, or the reason of a refusal. A website that
    is named several times is deleted once.
    """
    time = services.clock()

    def prepare(website: Website | None) -> Website:
        old = _existing(website)
        refuse_running(old)
        return old

    def store_some(some: Sequence[Website]) -> list[DomainError | None]:
        return services.websites.delete_some(some, time)

    found = _read(services, user, website_ids)
    count(list(filter(None, found.values())))
    ended = _stored([_prepared(prepare, website) for website in found.values()], store_some, late)
    stored = dict(zip(found, ended, strict=True))
    outcomes: list[Purge | DomainError | None] = []
    for website_id in website_ids:
        outcome = stored[website_id]
        if isinstance(outcome, DomainError):
            outcomes.append(outcome)
        else:
            outcomes.append(left_by(outcome, time))
            stored[website_id] = _unknown()
    return outcomes


def _read(services: Services, user: User, website_ids: Sequence[str]) -> dict[str, Website | None]:
    """Return each website by its ID, once, in the order of the request; None if the user has no such website."""
    known = list(dict.fromkeys(filter(is_id, website_ids)))
    found = dict(zip(known, services.websites.get_some(user.id, known), strict=True))
    return {website_id: found.get(website_id) for website_id in website_ids}


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
        raise _unknown()
    return website


def _unknown() -> NotFound:
    return NotFound("website_not_found", "There is no such website.")
