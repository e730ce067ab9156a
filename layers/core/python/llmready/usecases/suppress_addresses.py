"""Stop email to addresses that bounced or whose owners complained."""

from collections.abc import Iterable
from email.utils import parseaddr

from llmready.domain.mail import Suppression, SuppressionReason
from llmready.services import Services


def suppress_addresses(services: Services, addresses: Iterable[str], reason: SuppressionReason) -> int:
    """Suppress email addresses, and return how many were given. Repeated calls have no further effect.

    Args:
        services: The process's services.
        addresses: Addresses as an email provider reports them, possibly with a display name.
        reason: What the provider reported.
    """
    time = services.clock()
    found = {
        services.fingerprints.of_address(address) for text in addresses if (address := parseaddr(text)[1])
    }
    for fingerprint in found:
        services.suppressions.put(fingerprint, Suppression(reason=reason, since=time))
    return len(found)
