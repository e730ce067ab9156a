"""Cancelling a generation that has not ended."""

from collections.abc import Callable
from datetime import datetime

from llmready import measures
from llmready.domain.errors import LeaseLost, NotFound, TryAgain
from llmready.domain.generation import Generation, Status
from llmready.ports.generations import Generations

_TRIES = 20  # how often a generation may move on while it is being cancelled


def cancel_generation(
    generation: Generation, *, generations: Generations, clock: Callable[[], datetime]
) -> Generation:
    """End a generation because its user wants it: quota is released and the website free at once.

    A worker that is at it learns of it by its next heartbeat, which is refused, and stops.

    Returns:
        The cancelled generation; one that was cancelled before is returned as it is.

    Raises:
        Conflict: It has completed or failed.
        NotFound: It is gone.
        TryAgain: It moved on each time.
    """
    found: Generation | None = generation
    for _ in range(_TRIES):
        if found is None:
            raise NotFound("generation_not_found", "There is no such generation.")
        if found.status is Status.CANCELLED:
            return found
        ended = found.cancelled(time=clock())
        try:
            generations.finish(ended, None, was=found.status)
        except LeaseLost:
            found = generations.get(generation.user_id, generation.id)
        else:
            measures.ended(ended)
            return ended
    raise TryAgain
