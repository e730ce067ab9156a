"""Delete the files of generations after the number of days for which the plan keeps them."""

from datetime import datetime

from llmready.domain.errors import Conflict, NotFound
from llmready.domain.generation_files import file_keys
from llmready.services import Services
from llmready.usecases.delete_files import delete_files


def expire_files(services: Services, *, until: datetime) -> int:
    """Delete expired files until ``until`` and return the number of generations whose files were deleted.

    The next run continues where this one stopped, because deleted files are not found again.
    """
    count = 0
    for generation in services.generations.expired(services.clock()):
        if services.clock() >= until:
            break
        try:
            delete_files(services, generation, file_keys(generation))
        except (Conflict, NotFound):
            continue  # its expiry was renewed, or it was deleted
        services.generations.files_removed(generation)
        count += 1
    return count
