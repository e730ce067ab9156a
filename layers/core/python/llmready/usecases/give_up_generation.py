"""What happens to a generation whose message ended in the dead-letter queue."""

from datetime import datetime

from llmready.domain.generation import Status
from llmready.ports.generations import Generations
from llmready.ports.mail import MailQueue
from llmready.usecases.finish_generation import WORKER_LOST, fail_generation


def give_up_generation(
    *, user_id: str, generation_id: str, generations: Generations, mail_queue: MailQueue, time: datetime
) -> bool:
    """Fail a generation that no worker could finish; return False when it had ended already.

    Raises:
        LeaseLost: It changed since it was read; the delivery is tried again.
    """
    generation = generations.get(user_id, generation_id)
    if generation is None or generation.status.is_final or generation.held:
        return False
    if generation.status is Status.PROCESSING and not generation.is_abandoned(time):
        return False
    fail_generation(generation, WORKER_LOST, generations=generations, mail_queue=mail_queue, time=time)
    return True
