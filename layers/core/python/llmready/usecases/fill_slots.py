"""Letting a user's held generations go to their queue once others have ended."""

from datetime import datetime

from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation
from llmready.observability import logger
from llmready.ports.accounts import Users
from llmready.ports.generations import Generations
from llmready.ports.tasks import JobQueue


def fill_slots(
    user_id: str, *, generations: Generations, users: Users, jobs: JobQueue, time: datetime
) -> list[Generation]:
    """Send held generations of a user to their queue, oldest first, as far as the plan has slots for them.

    Called whenever a generation of the user has ended; what is missed then, the dispatcher finds within a minute.

    Returns:
        Those that were sent.
    """
    sent: list[Generation] = []
    try:
        user = None
        for held in generations.waiting(user_id):
            user = user or users.get(user_id)
            if user is None or not generations.take_slot(held, running_limit=user.plan.running):
                break
            jobs.send(held)
            generations.mark_enqueued(user_id, held.id, time)
            sent.append(held)
    except TryAgain:
        logger.warning("slots not filled this time")
    return sent
