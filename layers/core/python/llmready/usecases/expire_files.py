"""Delete the files that are older than their plan keeps them."""

from datetime import datetime

from llmready.domain.generation_files import file_keys
from llmready.services import Services
from llmready.usecases.archive_files import delete_extracts


def expire_files(services: Services, *, until: datetime) -> int:
    """Delete expired files until ``until`` and return of how many generations; safe to run again at any point.

    The next run continues where this one stopped, because deleted files are not found again.
    """
    count = 0
    for generation in services.generations.expired(services.clock()):
        if services.clock() >= until:
            break
        services.archives.delete(file_keys(generation))
        delete_extracts(services, generation)
        services.generations.files_removed(generation)
        count += 1
    return count
