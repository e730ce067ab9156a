"""Withdraw files in which the malware scanner found malware."""

from collections.abc import Iterator

from llmready.domain.generation import MALWARE_FOUND, Generation
from llmready.domain.generation_files import archive_prefix, owner_of
from llmready.services import Services

_AT_ONCE = 100


def withdraw_files(services: Services, key: str) -> bool:
    """Delete an archive and store the reason in each generation that refers to it. Safe to run again.

    Args:
        services: The process's services.
        key: Key of the infected archive in the bucket.

    Returns:
        Whether a generation referred to this archive.

    Raises:
        ValueError: The key is not the key of an archive.
    """
    user_id, generation_id = owner_of(key)
    services.archives.delete_all(archive_prefix(user_id, generation_id))
    time, found = services.clock(), False
    for generation in _since(services, user_id, generation_id):
        # Unchanged scheduled runs refer to the archive of an earlier generation.
        if generation.archive is not None and generation.archive.key == key:
            services.generations.withdraw(generation, MALWARE_FOUND, time)
            found = True
    return found


def _since(services: Services, user_id: str, generation_id: str) -> Iterator[Generation]:
    """Iterate over the generations of a user, newest first, back to the one with this ID."""
    cursor: str | None = None
    while True:
        page = services.generations.history(user_id, limit=_AT_ONCE, cursor=cursor)
        for generation in page.items:
            # IDs are in the order of their creation.
            if generation.id < generation_id:
                return
            yield generation
        cursor = page.next_cursor
        if cursor is None:
            return
