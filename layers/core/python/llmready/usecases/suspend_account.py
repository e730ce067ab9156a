"""Suspend an account, and resume it."""

from llmready.domain.errors import Conflict, NotFound
from llmready.domain.generation import Failure
from llmready.domain.user import User
from llmready.services import Services
from llmready.usecases.cancel_generation import cancel_generation

SUSPENDED = Failure(
    code="account_suspended", message="The account was suspended. Nothing was charged for this generation."
)


def suspend_account(services: Services, user: User, *, by: str) -> int:
    """Refuse all further requests of an account and cancel its generations.

    Args:
        services: The process's services.
        user: The account.
        by: Identity of the operator.

    Returns:
        How many generations were cancelled.

    Raises:
        NotFound: The account does not exist any more.
    """
    services.users.suspend(user.id, services.clock(), by=by)
    cancelled = 0
    # No start is stored after the suspension was, so this finds every generation of the account.
    for generation in services.generations.running_of(user.id):
        try:
            cancel_generation(services, generation, reason=SUSPENDED)
        except (Conflict, NotFound):
            continue  # it has ended meanwhile
        cancelled += 1
    return cancelled


def resume_account(services: Services, user: User, *, by: str) -> None:
    """Accept requests of a suspended account again, and go on with its webhook deliveries.

    Raises:
        NotFound: The account does not exist any more.
    """
    services.users.resume(user.id, services.clock(), by=by)
    services.deliveries.release(user.id, services.clock())
