"""Deleting a generation with its files."""

from llmready.domain.errors import Conflict
from llmready.domain.generation import Generation, archive_prefix
from llmready.ports.files import Archives
from llmready.ports.generations import Generations


def delete_generation(generation: Generation, *, generations: Generations, archives: Archives) -> None:
    """Remove an ended generation: first its files, so that none is left behind without a record.

    Raises:
        Conflict: It is running.
        NotFound: It is gone already.
    """
    if not generation.status.is_final:
        raise Conflict("generation_in_progress", "The generation is running; wait for it to end.")
    archives.delete_all(archive_prefix(generation.user_id, generation.id))
    generations.delete(generation)
