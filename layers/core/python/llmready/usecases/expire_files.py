"""A part of the cleanup: files that have passed their plan's days are deleted."""

from collections.abc import Callable
from datetime import datetime

from llmready.domain.generation import file_keys
from llmready.ports.files import Archives
from llmready.ports.generations import Generations


def expire_files(
    *, generations: Generations, archives: Archives, clock: Callable[[], datetime], until: datetime
) -> int:
    """Delete the files that have expired and return of how many generations; safe to run again at any point.

    What is deleted is found no more, so a run that had to stop at ``until`` is gone on with by the next.
    """
    count = 0
    for generation in generations.expired(clock()):
        if clock() >= until:
            break
        archives.delete(file_keys(generation))
        generations.files_removed(generation)
        count += 1
    return count
