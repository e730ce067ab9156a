"""Quotas, rate limits, locked logins and captchas."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from llmready.domain.mail import OutboxMail
from llmready.domain.quota import QuotaUse
from llmready.domain.rate_limits import Rate, RateLimitStatus


class OpenLedger(NamedTuple):
    """A ledger that is not closed yet.

    Attributes:
        user_id: ID of the user who generated last.
        use: Its numbers.
        ledger: Fingerprint of the email address to which the ledger belongs. None if it belongs to the user.
    """

    user_id: str
    use: QuotaUse
    ledger: str | None


class Quotas(Protocol):
    """The ledgers of generations, one for each email address and month (``YYYY-MM``).

    An address is given by its fingerprint. Ledgers of version 0.1.0 belong to a user, and have none.
    """

    def get(self, user_id: str, month: str, ledger: str | None = None) -> QuotaUse:
        """Return the ledger of a month of an address, or of a user if ``ledger`` is None."""

    def of_month(self, month: str) -> Iterator[OpenLedger]:
        """Iterate over the open ledgers of a month."""

    def close(self, ledger: OpenLedger, time: datetime) -> None:
        """Close the ledger of a past month without running generations. A closed ledger does not change."""

    def release(self, ledger: str, time: datetime) -> None:
        """Delete the ledgers of an address, except this month's, which is kept without the user's ID."""

    def of_ledger(self, ledger: str) -> list[QuotaUse]:
        """Return all ledgers of an address."""


class Limiter(Protocol):
    """Rate limits."""

    def take(self, name: str, key: str, *, rate: Rate, time: datetime, units: int = 1) -> RateLimitStatus:
        """Count a request against a rate limit.

        Args:
            name: Name of the limit.
            key: Whom it limits, such as a user ID or a source address.
            rate: How many units are allowed in how many seconds.
            time: Current time.
            units: How many units the request takes: all or none. At most the units of the rate.

        Returns:
            The status after this request; ``wait`` is not 0 if the request is refused.

        Raises:
            TryAgain: The limit cannot be read.
        """


class AccountMailLimit(Protocol):
    """How many account mails an email address gets, whether or not it has an account."""

    def take(self, address: str, mail: OutboxMail, time: datetime) -> datetime | None:
        """Count an account mail against the limit of its address; an email that was counted is not counted again.

        Args:
            address: Fingerprint of the email address.
            mail: The email.
            time: Current time.

        Returns:
            None if the email may be sent now, else when it may be tried again.
        """

    def take_of_mailbox(self, mailbox: str, mail: OutboxMail, time: datetime) -> bool:
        """Count an account mail to an address that is not confirmed against the limit of its mailbox.

        Args:
            mailbox: Fingerprint of the mailbox.
            mail: The email.
            time: Current time.

        Returns:
            Whether the email may be sent.
        """


class LoginAttempt(NamedTuple):
    """Source of a login attempt: the fingerprints of the email address and of the source network."""

    address: str
    network: str


class Lockout(Protocol):
    """Failed logins of an email address, whether or not it has an account.

    Ten failures from one source network within 15 minutes lock the address for that network. A hundred failures from
    any networks lock it for all networks. Each lock lasts for 15 minutes.
    """

    def begin(self, attempt: LoginAttempt, time: datetime) -> int:
        """Count a login attempt.

        Returns:
            0 if the attempt may go on, else the whole seconds for which it is locked.
        """

    def failed(self, attempt: LoginAttempt, time: datetime) -> None:
        """Record that a login attempt failed."""

    def succeeded(self, attempt: LoginAttempt, time: datetime) -> None:
        """Record that a login attempt succeeded, which resets the failures of its network."""

    def lift(self, address: str) -> None:
        """Reset the failures of an address, given by its fingerprint, in every network."""


class Captcha(Protocol):
    """A check that a request comes from a person."""

    def passes(self, answer: str | None, source: str) -> bool:
        """Check the answer that a browser got from the captcha provider.

        Args:
            answer: The provider's token, or None if the request has none.
            source: Source address of the request.
        """


class HostTurn(NamedTuple):
    """This crawl's lease on a host. ``is_wanted``: whether another crawl waits for it."""

    is_wanted: bool


class HostLeases(Protocol):
    """Leases on hosts: in the whole service, only one crawl of a host sends requests at a time.

    While a crawl of a paid plan waits, crawls of the free plan get at most every second turn.
    """

    def acquire(
        self, host: str, holder: str, *, is_paid: bool = False, time: datetime, until: datetime
    ) -> HostTurn | None:
        """Take or extend the lease on a host.

        Args:
            host: Host name, with the port if it is not a standard one.
            holder: ID of the crawl.
            is_paid: Whether the crawl belongs to a paid plan.
            time: Current time.
            until: When the lease ends if it is not extended.

        Returns:
            None if another crawl has the lease, or if the next turn belongs to paid plans. The crawl that has the
            lease is told that another crawl waits.

        Raises:
            TryAgain: The lease cannot be read.
        """

    def release(self, host: str, holder: str, *, paid_waits_from: datetime | None = None) -> None:
        """End the lease of a crawl. Has no effect if another crawl has it.

        Args:
            host: Host name, with the port if it is not a standard one.
            holder: ID of the crawl.
            paid_waits_from: The current time, if the crawl belongs to a paid plan and waits for its next turn from
                now on. None otherwise.

        Raises:
            TryAgain: The lease cannot be written.
        """
