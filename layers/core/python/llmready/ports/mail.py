"""Emails: the outbox, the notifier's queue, the provider and suppressed addresses."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from llmready.domain.generation import Generation
from llmready.domain.mail import MailKind, Message, OutboxMail, Suppression
from llmready.domain.user import User
from llmready.ports.due_work import DueWork

Render = Callable[[OutboxMail, User, Generation | None], Message]
"""Returns the message for an email of the outbox, its user and the generation that it is about (if any)."""


class Outbox(DueWork[OutboxMail], Protocol):
    """Emails that are to be sent."""

    def put(self, mail: OutboxMail) -> None:
        """Store an email."""

    def has(self, mail: OutboxMail) -> bool:
        """Return whether an email with this ID was stored before."""

    def put_once(self, mail: OutboxMail) -> bool:
        """Store an email, and return True. If an email with its ID is stored already, return False."""

    def claim(self, user_id: str, mail_id: str, *, time: datetime, until: datetime) -> OutboxMail | None:
        """Lease an email to send it.

        Args:
            user_id: ID of the user who gets the email.
            mail_id: ID of the email.
            time: Current time.
            until: End of the lease.

        Returns:
            The email, or None if it was sent already or another process has leased it.
        """

    def sent(self, mail: OutboxMail, time: datetime) -> None:
        """Record that the provider accepted an email."""

    def postpone(self, mail: OutboxMail, until: datetime) -> None:
        """Schedule the next attempt of a leased email at ``until``."""

    def give_up(self, mail: OutboxMail, time: datetime) -> None:
        """Remove an email that will not be sent."""


class Suppressions(Protocol):
    """Email addresses that get no more email. Only their fingerprints are stored."""

    def get(self, fingerprint: str) -> Suppression | None:
        """Return why an address gets no email, or None if it does get email."""

    def put(self, fingerprint: str, suppression: Suppression) -> None:
        """Suppress an address; an earlier reason is kept."""

    def remove(self, fingerprint: str) -> None:
        """Allow email to an address again."""


class MailRequest(NamedTuple):
    """A request to email the account behind an address. The address is known by its fingerprint only."""

    fingerprint: str
    kind: MailKind
    mail_id: str


class MailQueue(Protocol):
    """The queue of the notifier."""

    def send(self, mail: OutboxMail) -> None:
        """Ask the notifier to send an email from the outbox."""

    def send_many(self, mails: Sequence[OutboxMail]) -> None:
        """Ask the notifier to send several emails from the outbox."""

    def send_to(self, fingerprint: str, kind: MailKind, mail_id: str) -> None:
        """Ask the notifier to email the account of an address, if it has one.

        Args:
            fingerprint: Fingerprint of the email address.
            kind: Which email.
            mail_id: ID of the email; a second request with this ID sends nothing more.
        """


class Mailer(Protocol):
    """An email provider."""

    def send(self, message: Message, *, mail_id: str) -> None:
        """Give an email to the provider.

        Args:
            message: The email.
            mail_id: ID of the email, for the provider's records.

        Raises:
            TryAgain: The provider did not accept it now.
            MailRefused: The provider will never accept it.
        """
