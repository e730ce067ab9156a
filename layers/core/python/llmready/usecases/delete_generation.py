"""Delete a generation with its files."""

from llmready.domain.errors import Conflict, TryAgain
from llmready.domain.generation import Generation
from llmready.domain.generation_files import all_keys
from llmready.services import Services
from llmready.usecases.delete_files import delete_files


def delete_generation(services: Services, generation: Generation) -> None:
    """Delete an ended generation. Its files are deleted first, so that none is left without a record.

    Raises:
        Conflict: The generation is running.
        TryAgain: The generation was changed meanwhile.
        NotFound: The generation does not exist any more.
    """
    if not generation.status.is_final:
        raise Conflict("generation_in_progress", "The generation is running; wait for it to end.")
    try:
        delete_files(services, generation, all_keys(generation))
    except Conflict:
        raise TryAgain from None
    services.generations.delete(generation)
