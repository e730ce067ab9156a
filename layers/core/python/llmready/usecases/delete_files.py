"""Delete files of a generation, but not an archive to which other generations refer."""

from collections.abc import Sequence

from llmready.domain.generation import Generation
from llmready.services import Services
from llmready.usecases.archive_files import delete_extracts


def delete_files(services: Services, generation: Generation, keys: Sequence[str]) -> None:
    """Delete files of an ended generation, and its archive if no other generation refers to it.

    Args:
        services: The process's services.
        generation: The ended generation.
        keys: S3 keys of the files to delete; an archive to which other generations refer is kept.

    Raises:
        Conflict: The generation changed since it was read.
        NotFound: It does not exist any more.
    """
    archive = generation.archive.key if generation.archive is not None else None
    wanted = set(keys) - {archive}
    if archive is not None and services.generations.release_archive(generation, services.clock()):
        wanted.add(archive)
    services.archives.delete(sorted(wanted))
    delete_extracts(services, generation)
