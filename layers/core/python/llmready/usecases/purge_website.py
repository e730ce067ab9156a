"""Removing what a deleted website left behind: its generations and their files, however many."""

from collections.abc import Callable
from datetime import datetime, timedelta

from llmready.domain.generation import all_keys
from llmready.domain.website import Purge
from llmready.ports.files import Archives
from llmready.ports.generations import Generations
from llmready.ports.websites import Purges

_AT_ONCE = 98  # generations that one transaction removes: its 100 writes, less the two counters beside them
# The index by which generations are found may lag: a purge is over when as many were removed as there were, or
# when after this time no more are found.
_LAG = timedelta(minutes=10)


def purge_website(
    purge: Purge,
    *,
    generations: Generations,
    archives: Archives,
    purges: Purges,
    clock: Callable[[], datetime],
    until: datetime,
) -> bool:
    """Remove generations and files until nothing is left or ``until`` has come; safe to run again at any point.

    Files go first, so that none is left behind without a record.

    Returns:
        Whether nothing is left.
    """
    left = purge.left
    for chunk in generations.of_website(purge.user_id, purge.website_id, at_once=_AT_ONCE):
        if clock() >= until:
            return False
        ended = [generation for generation in chunk if generation.status.is_final]
        archives.delete([key for generation in ended for key in all_keys(generation)])
        left -= purges.remove(purge, ended)
    if left > 0 and clock() - purge.due_at < _LAG:
        return False
    purges.done(purge)
    return True
