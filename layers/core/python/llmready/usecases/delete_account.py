"""Delete an account with all its data, files and running generations.

First, the account is marked as deleted. From then on, its tokens get 401, its email address is free, and
nothing can be added to it. Then its items and files are deleted in batches. The cleanup function continues a
deletion that was interrupted. The mark is kept for some time. When this time is over, the deletion is
repeated. A worker that had started before may have stored a file in the meantime.
"""

from datetime import datetime, timedelta

from llmready.domain.errors import Conflict, NotFound, TryAgain
from llmready.domain.generation import Generation
from llmready.domain.generation_files import user_prefixes
from llmready.domain.user import User
from llmready.ports.accounts import AccountDeletion
from llmready.services import Services
from llmready.usecases.cancel_generation import cancel_generation

_LATE_FILES = timedelta(minutes=30)


def delete_account(services: Services, user: User, *, until: datetime) -> bool:
    """Mark an account as deleted and delete its data.

    Args:
        services: The process's services.
        user: The account.
        until: When to stop; the cleanup function deletes the rest.

    Returns:
        Whether everything is deleted.
    """
    time = services.clock()
    # Done before the account is marked, because marking removes the address, which is needed to find the ledgers.
    if user.quota_ledger is not None:
        services.quotas.release(user.quota_ledger, time)
    services.users.mark_deleted(user, time)
    services.log.info("account deleted", user_id=user.id)
    try:
        return remove_all(services, AccountDeletion(user.id, time), until=until)
    except TryAgain:
        return False


def remove_all(services: Services, deletion: AccountDeletion, *, until: datetime) -> bool:
    """Delete the data of an account that is marked as deleted; safe to run again.

    Args:
        services: The process's services.
        deletion: The deletion.
        until: When to stop.

    Returns:
        Whether everything is deleted, apart from the mark that stays while files may still arrive.
    """
    user_id = deletion.user_id
    for generation in services.generations.running_of(user_id):
        if services.clock() >= until:
            return False
        _cancel(services, generation)
    while True:
        if services.clock() >= until:
            return False
        if not any(services.archives.delete_some(prefix) for prefix in user_prefixes(user_id)):
            break
    while True:
        if services.clock() >= until:
            return False
        if not services.users.remove_some(user_id):
            break
    last_check = deletion.deleted_at + _LATE_FILES
    if last_check <= services.clock():
        services.users.remove_mark(user_id)
    else:
        services.users.postpone_deletion(user_id, last_check)
    return True


def finish_deletions(services: Services, *, until: datetime) -> int:
    """Continue the deletions that are due until ``until``, and return how many were finished."""
    done = 0
    for deletion in services.users.deleted(services.clock()):
        if services.clock() >= until:
            break
        try:
            done += remove_all(services, deletion, until=until)
        except TryAgain:
            services.log.warning(
                "deletion of an account not continued; the next cleanup tries again", user_id=deletion.user_id
            )
    return done


def _cancel(services: Services, generation: Generation) -> None:
    try:
        cancel_generation(services, generation)
    except (Conflict, NotFound):
        return  # it has ended
