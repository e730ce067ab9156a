"""Delete the generations and files of a deleted website."""

from datetime import datetime, timedelta

from llmready.domain.generation_files import all_keys
from llmready.domain.website import Purge
from llmready.services import Services
from llmready.usecases.archive_files import delete_extracts

_AT_ONCE = 98  # generations that one transaction deletes: its 100 writes, less the two counters
# The index by which generations are found may lag. A purge is done when as many were deleted as the website had, or
# when no more are found this long after it was due.
_LAG = timedelta(minutes=10)


def purge_website(services: Services, purge: Purge, *, until: datetime) -> bool:
    """Delete generations and files until nothing is left or ``until`` is reached; safe to run again at any point.

    Files are deleted first, so that none is left without a record.

    Returns:
        Whether nothing is left.
    """
    left = purge.left
    for chunk in services.generations.of_website(purge.user_id, purge.website_id, at_once=_AT_ONCE):
        if services.clock() >= until:
            return False
        ended = [generation for generation in chunk if generation.status.is_final]
        # All generations that refer to an archive of the website are deleted with it.
        archives = [generation.archive.key for generation in ended if generation.archive is not None]
        services.archives.delete(
            sorted({*archives, *(key for generation in ended for key in all_keys(generation))})
        )
        for generation in ended:
            delete_extracts(services, generation)
        left -= services.purges.remove(purge, ended)
    if left > 0 and services.clock() - purge.due_at < _LAG:
        return False
    services.purges.done(purge)
    return True
