"""The runs of websites with a schedule."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from llmready.domain.mail import OutboxMail
from llmready.domain.user import User
from llmready.domain.webhooks import Delivery
from llmready.domain.website import Website


class DueRun(NamedTuple):
    """A run that is due.

    Attributes:
        website: The website.
        user: Its owner, or None if the account was deleted.
        due_at: When the run was due, as it is stored.
    """

    website: Website
    user: User | None
    due_at: datetime


class Schedules(Protocol):
    """Finds due runs with the index of due work."""

    def due(self, time: datetime) -> Iterator[DueRun]:
        """Iterate over the runs that are due by ``time``, oldest first. Nothing else is read."""

    def skip(self, run: DueRun, next_at: datetime | None) -> bool:
        """Replace a due run by the next one, or by none, without starting it.

        Returns:
            False if the run is not due any more, because it was started, skipped or changed meanwhile.
        """

    def stop(
        self, website: Website, mail: OutboxMail, time: datetime, *, deliveries: Sequence[Delivery] = ()
    ) -> bool:
        """Turn a schedule off after too many failed runs, with the email and the webhook deliveries about it.

        Returns:
            False if the website was deleted, or its schedule was changed or stopped meanwhile.
        """
