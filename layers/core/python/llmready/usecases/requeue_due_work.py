"""Queue due mails and webhook deliveries again, with a share for each user."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from llmready.ports.due_work import DueEntry, DueWork
from llmready.services import Services

T = TypeVar("T")

_SEEN = 2000  # entries that one round looks at
_OF_A_USER = 20  # how many of them it queues for one user
_AT_ONCE = 100  # works that are read and queued together
_ROUND = timedelta(minutes=1)


def requeue_due_work(
    services: Services,
    work: DueWork[T],
    send: Callable[[Sequence[T]], None],
    *,
    before: datetime,
    again_after: timedelta,
    until: datetime,
) -> None:
    """Queue work that is due and not yet in the queue.

    Queued work, and work beyond the share of its user, is not looked at again before a later time.

    Args:
        services: The process's services.
        work: The work.
        send: Puts work into its queue.
        before: Time before which the work was due.
        again_after: When queued work is looked at again, if no attempt begins.
        until: When to stop; what is left stays due.

    Raises:
        TryAgain: The table or the queue cannot be reached. What is left stays due.
    """
    time = services.clock()
    seen: Counter[str] = Counter()
    queued: list[DueEntry] = []
    surplus: list[DueEntry] = []
    for entry in islice(work.due(before), _SEEN):
        seen[entry.user_id] += 1
        (queued if seen[entry.user_id] <= _OF_A_USER else surplus).append(entry)
    for start in range(0, len(queued), _AT_ONCE):
        batch = queued[start : start + _AT_ONCE]
        if services.clock() >= until:
            return
        send(work.read(batch))
        for entry in batch:
            work.look_again(entry, time + again_after)
    # The entries of users with many are spread over as many rounds as their shares need, so that entries of others
    # come to the front.
    for entry in surplus:
        if services.clock() >= until:
            return
        rounds = seen[entry.user_id] / _OF_A_USER
        pause = random.uniform(0, rounds) * _ROUND  # noqa: S311 - it spreads entries
        work.look_again(entry, time + pause)
