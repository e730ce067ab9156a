"""The monthly reset: close the ledgers of the months that are over.

A new month needs no reset, because its ledgers begin empty. A late run therefore changes nobody's quota.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.quota import month_of
from llmready.services import Services

_MONTHS_BACK = 3  # the ledgers of a month whose reset failed are closed by the next ones


class Settled(NamedTuple):
    """What one reset did.

    Attributes:
        closed: Ledgers that were closed.
        still_running: Ledgers that stay open because a generation is still running.
        all_seen: Whether all ledgers were processed. If not, the next run continues.
    """

    closed: int
    still_running: int
    all_seen: bool


def settle_quotas(services: Services, *, until: datetime) -> Settled:
    """Close the ledgers of past months in which no generation is running any more.

    The function can be repeated at any time.

    A closed ledger is not found again, so the next run continues where this one stopped. Users who generated in the
    last month and want to know about the reset get one email.

    Args:
        services: The process's services.
        until: When to stop.
    """
    time = services.clock()
    closed = still_running = 0
    last_day = time
    for back in range(_MONTHS_BACK):
        last_day = last_day.replace(day=1) - timedelta(days=1)
        for ledger in services.quotas.of_month(month_of(last_day)):
            if services.clock() >= until:
                return Settled(closed, still_running, all_seen=False)
            if back == 0 and ledger.use.taken:
                _put_mail(services, ledger.user_id, time)
            if ledger.use.reserved:
                still_running += 1
            else:
                services.quotas.close(ledger, time)
                closed += 1
    return Settled(closed, still_running, all_seen=True)


def _put_mail(services: Services, user_id: str, time: datetime) -> None:
    user = services.users.get(user_id)
    if user is None or not user.mail_preferences.want(MailKind.QUOTA_RESET):
        return
    # The dispatcher finds the email in the outbox. A fixed ID per month prevents a second email.
    services.outbox.put_once(
        OutboxMail(
            id=f"quota-{month_of(time)}",
            user_id=user_id,
            kind=MailKind.QUOTA_RESET,
            created_at=time,
            due_at=time,
        )
    )
