"""The daily cleanup: files that have passed their plan's days are deleted."""

from datetime import datetime

from llmready.domain.generation import file_keys
from llmready.ports import Archives, Generations


def expire_files(*, generations: Generations, archives: Archives, time: datetime) -> int:
    """Delete the files that have expired and return of how many generations; safe to run again at any point."""
    count = 0
    for generation in generations.expired(time):
        archives.delete(file_keys(generation))
        generations.files_removed(generation)
        count += 1
    return count
