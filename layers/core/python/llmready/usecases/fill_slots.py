"""Send a user's waiting generations to their queue once others have ended."""

from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation
from llmready.services import Services


def fill_slots(services: Services, user_id: str) -> list[Generation]:
    """Send a user's waiting generations to their queue, oldest first, as long as the plan allows.

    Called whenever a generation of the user has ended. If this call fails, the dispatcher does the same within a
    minute.

    Returns:
        The generations that were sent.
    """
    sent: list[Generation] = []
    try:
        user = services.users.get(user_id)
        if user is None or user.running_count <= user.slots_taken:
            return sent  # nothing waits, or the account is being deleted
        for waiting in services.generations.waiting(user_id):
            if not services.generations.take_slot(waiting, running_limit=user.plan.running):
                break
            services.jobs.send(waiting)
            services.generations.mark_enqueued(user_id, waiting.id, services.clock())
            sent.append(waiting)
    except TryAgain:
        services.log.warning(
            "waiting generation not queued; the next run of the dispatcher tries again", user_id=user_id
        )
    return sent
