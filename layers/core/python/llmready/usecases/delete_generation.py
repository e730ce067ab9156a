"""Delete a generation with its files."""

from llmready.domain.errors import Conflict
from llmready.domain.generation import Generation
from llmready.domain.generation_files import archive_prefix
from llmready.services import Services


def delete_generation(services: Services, generation: Generation) -> None:
    """Delete an ended generation. Its files are deleted first, so that none is left without a record.

    Raises:
        Conflict: The generation is running.
        NotFound: The generation does not exist any more.
    """
    if not generation.status.is_final:
        raise Conflict("generation_in_progress", "The generation is running; wait for it to end.")
    services.archives.delete_all(archive_prefix(generation.user_id, generation.id))
    services.generations.delete(generation)
