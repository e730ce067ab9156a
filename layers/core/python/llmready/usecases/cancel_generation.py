"""Cancel a generation that has not ended."""

from llmready.domain.errors import LeaseLost, NotFound, TryAgain
from llmready.domain.generation import Failure, Generation, Status
from llmready.services import Services
from llmready.usecases.end_generation import end_generation

_TRIES = 20  # how often a generation may change while it is being cancelled


def cancel_generation(
    services: Services, generation: Generation, *, reason: Failure | None = None
) -> Generation:
    """End a generation without files: its quota is given back and its website unlocked at once.

    If a worker is running the generation, its next heartbeat is refused, and it stops.

    Args:
        services: The process's services.
        generation: The generation.
        reason: The reason, if somebody other than its user cancels it.

    Returns:
        The cancelled generation. One that was cancelled before is returned unchanged.

    Raises:
        Conflict: The generation has completed or failed.
        NotFound: The generation does not exist any more.
        TryAgain: The generation changed during each attempt.
    """
    found: Generation | None = generation
    for _ in range(_TRIES):
        if found is None:
            raise NotFound("generation_not_found", "There is no such generation.")
        if found.status is Status.CANCELLED:
            return found
        ended = found.cancelled(time=services.clock(), reason=reason)
        try:
            end_generation(services, ended, was=found.status)
        except LeaseLost:
            found = services.generations.get(generation.user_id, generation.id)
        else:
            return ended
    raise TryAgain
