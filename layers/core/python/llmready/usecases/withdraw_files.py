"""Take files back that the malware scanner objected to."""

from datetime import datetime

from llmready.domain.generation import MALWARE_FOUND, archive_prefix, owner_of
from llmready.ports.files import Archives
from llmready.ports.generations import Generations


def withdraw_files(key: str, *, generations: Generations, archives: Archives, time: datetime) -> bool:
    """Delete a file that is infected, and let its generation say so; safe to run again.

    Args:
        key: The file's, in the bucket.
        generations: Where generations are.
        archives: Where files are.
        time: Now.

    Returns:
        Whether a generation had this file.

    Raises:
        ValueError: It is no archive's key.
    """
    user_id, generation_id = owner_of(key)
    archives.delete_all(archive_prefix(user_id, generation_id))
    generation = generations.get(user_id, generation_id)
    if generation is None or generation.archive is None or generation.archive.key != key:
        return False
    generations.withdraw(generation, MALWARE_FOUND, time)
    return True
