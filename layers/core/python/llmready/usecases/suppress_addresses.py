"""Sending no more mail to addresses that bounced or whose owners complained."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import parseaddr

from llmready.domain.mail import Suppression, SuppressionReason
from llmready.domain.user import email_fingerprint
from llmready.ports.mail import Suppressions


def suppress_addresses(
    addresses: Iterable[str], reason: SuppressionReason, *, suppressions: Suppressions, time: datetime
) -> int:
    """Send no more mail to addresses, and return to how many; safe to run again.

    Args:
        addresses: As a provider of mail names them, perhaps with a name before the address.
        reason: What happened.
        suppressions: Where that is kept.
        time: When.
    """
    found = {email_fingerprint(address) for text in addresses if (address := parseaddr(text)[1])}
    for fingerprint in found:
        suppressions.put(fingerprint, Suppression(reason=reason, since=time))
    return len(found)
