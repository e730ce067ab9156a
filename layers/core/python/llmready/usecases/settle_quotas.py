"""The monthly reset: close the ledgers of the months that are over.

The new month needs no reset itself, its ledgers begin empty: a late run can neither give nor take quota.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.quota import month_of
from llmready.ports.accounts import Users
from llmready.ports.limits import Quotas
from llmready.ports.mail import Outbox

_MONTHS_BACK = 3  # a month whose reset failed is still closed by the next ones


class Settled(NamedTuple):
    """What one reset did."""

    closed: int
    still_running: int
    all_seen: bool
    """Whether it came to the end; where not, the next run goes on from there."""


def settle_quotas(
    *, quotas: Quotas, users: Users, outbox: Outbox, clock: Callable[[], datetime], until: datetime
) -> Settled:
    """Close the ledgers of past months in which nothing runs any more; safe to run again at any point.

    A closed ledger is found no more, so a run that had to stop at ``until`` is gone on with by the next. Who
    generated in the last month and wants to be told gets a mail, once.
    """
    time = clock()
    closed = still_running = 0
    last_day = time
    for back in range(_MONTHS_BACK):
        last_day = last_day.replace(day=1) - timedelta(days=1)
        for user_id, ledger in quotas.of_month(month_of(last_day)):
            if clock() >= until:
                return Settled(closed, still_running, all_seen=False)
            if back == 0 and ledger.taken:
                _tell(user_id, users, outbox, time)
            if ledger.reserved:
                still_running += 1
            else:
                quotas.close(user_id, ledger.month, time)
                closed += 1
    return Settled(closed, still_running, all_seen=True)


def _tell(user_id: str, users: Users, outbox: Outbox, time: datetime) -> None:
    user = users.get(user_id)
    if user is None or not user.mail_preferences.want(MailKind.QUOTA_RESET):
        return
    # The dispatcher finds it in the outbox; its id makes it one mail a month, however often this runs.
    outbox.put_once(
        OutboxMail(
            id=f"quota-{month_of(time)}",
            user_id=user_id,
            kind=MailKind.QUOTA_RESET,
            created_at=time,
            due_at=time,
        )
    )
