"""Mark a generation as failed after its message was moved to the dead-letter queue."""

from llmready.domain.generation import Status
from llmready.services import Services
from llmready.usecases.end_generation import WORKER_LOST, fail_generation


def give_up_generation(services: Services, user_id: str, generation_id: str) -> bool:
    """Mark a generation as failed because no worker could finish it.

    Returns:
        False if it had ended already, waits for a slot, or is leased by a worker.

    Raises:
        LeaseLost: It was changed since it was read. The delivery is retried.
    """
    generation = services.generations.get(user_id, generation_id)
    if generation is None or generation.status.is_final or generation.waiting:
        return False
    if generation.status is Status.PROCESSING and not generation.is_abandoned(services.clock()):
        return False
    fail_generation(services, generation, WORKER_LOST)
    return True
