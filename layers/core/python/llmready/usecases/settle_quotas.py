"""The monthly reset: close the ledgers of the months that are over.

The new month needs no reset itself, its ledgers begin empty: a late run can neither give nor take quota.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.quota import month_of
from llmready.ports import Quotas

_MONTHS_BACK = 3  # a month whose reset failed is still closed by the next ones


class Settled(NamedTuple):
    """What one reset did."""

    closed: int
    still_running: int


def settle_quotas(*, quotas: Quotas, time: datetime) -> Settled:
    """Close the ledgers of past months in which nothing runs any more; safe to run again at any point."""
    closed = still_running = 0
    last_day = time
    for _ in range(_MONTHS_BACK):
        last_day = last_day.replace(day=1) - timedelta(days=1)
        for user_id, ledger in quotas.of_month(month_of(last_day)):
            if ledger.reserved:
                still_running += 1
            else:
                quotas.close(user_id, ledger.month, time)
                closed += 1
    return Settled(closed, still_running)
