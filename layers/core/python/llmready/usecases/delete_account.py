"""Deleting an account with everything it has, what runs included.

First the account is marked: from then on its tokens answer 401, its address is free, and nothing can be added to it.
Then everything is removed, a part at a time, until nothing is left; whoever is interrupted is followed by the
cleanup. The mark stays for a while and all is removed once more at its end: a worker that did not know may still
have stored a file.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from llmready.domain.errors import Conflict, NotFound, TryAgain
from llmready.domain.generation import Generation, user_archive_prefix
from llmready.domain.user import User
from llmready.observability import logger
from llmready.ports.accounts import AccountDeletion, Users
from llmready.ports.files import Archives
from llmready.ports.generations import Generations
from llmready.usecases.cancel_generation import cancel_generation

_LATE_FILES = timedelta(minutes=30)


def delete_account(
    user: User,
    *,
    users: Users,
    generations: Generations,
    archives: Archives,
    clock: Callable[[], datetime],
    until: datetime,
) -> bool:
    """Mark an account as deleted and remove what it has.

    Returns:
        Whether all is removed; the cleanup goes on where not.
    """
    time = clock()
    users.mark_deleted(user, time)
    logger.info("account deleted", user_id=user.id)
    deletion = AccountDeletion(user.id, time)
    try:
        return remove_all(
            deletion, users=users, generations=generations, archives=archives, clock=clock, until=until
        )
    except TryAgain:
        return False


def remove_all(
    deletion: AccountDeletion,
    *,
    users: Users,
    generations: Generations,
    archives: Archives,
    clock: Callable[[], datetime],
    until: datetime,
) -> bool:
    """Remove what a deleted account has until nothing is left or ``until`` has come; safe to run again.

    Returns:
        Whether nothing is left, but for the mark as long as files may still arrive.
    """
    user_id = deletion.user_id
    for generation in generations.running_of(user_id):
        if clock() >= until:
            return False
        _cancel(generation, generations, clock)
    while True:
        if clock() >= until:
            return False
        if not archives.delete_some(user_archive_prefix(user_id)):
            break
    while True:
        if clock() >= until:
            return False
        if not users.remove_some(user_id):
            break
    last_look = deletion.deleted_at + _LATE_FILES
    if last_look <= clock():
        users.remove_mark(user_id)
    else:
        users.postpone_deletion(user_id, last_look)
    return True


def finish_deletions(
    *,
    users: Users,
    generations: Generations,
    archives: Archives,
    clock: Callable[[], datetime],
    until: datetime,
) -> int:
    """Go on with the deletions that are due, and return how many have nothing left."""
    done = 0
    for deletion in users.deleted(clock()):
        if clock() >= until:
            break
        try:
            done += remove_all(
                deletion, users=users, generations=generations, archives=archives, clock=clock, until=until
            )
        except TryAgain:
            logger.warning("deletion not continued this time", user_id=deletion.user_id)
    return done


def _cancel(generation: Generation, generations: Generations, clock: Callable[[], datetime]) -> None:
    try:
        cancel_generation(generation, generations=generations, clock=clock)
    except (Conflict, NotFound):
        return  # it has ended by itself
