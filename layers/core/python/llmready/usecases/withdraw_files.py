"""Withdraw files in which the malware scanner found malware."""

from llmready.domain.generation import MALWARE_FOUND
from llmready.domain.generation_files import archive_prefix, owner_of
from llmready.services import Services


def withdraw_files(services: Services, key: str) -> bool:
    """Delete the files of a generation and store the reason; safe to run again.

    Args:
        services: The process's services.
        key: Key of the infected archive in the bucket.

    Returns:
        Whether a generation had this archive.

    Raises:
        ValueError: The key is not the key of an archive.
    """
    user_id, generation_id = owner_of(key)
    services.archives.delete_all(archive_prefix(user_id, generation_id))
    generation = services.generations.get(user_id, generation_id)
    if generation is None or generation.archive is None or generation.archive.key != key:
        return False
    services.generations.withdraw(generation, MALWARE_FOUND, services.clock())
    return True
