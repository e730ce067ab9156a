"""Addresses and domains that SES has verified as senders.

Verified senders belong to the account and not to a stack. Two stages can use the same sender, and it stays verified
when a stage is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def ask_to_verify(client: Callable[[str], Any], identity: str) -> str:
    """Ask SES to verify an address or a domain. This can be repeated.

    Args:
        client: creates the client of a service.
        identity: the address, or the domain.

    Returns:
        The remaining steps, as sentences.
    """
    sesv2 = client("sesv2")
    is_address = "@" in identity
    try:
        made = sesv2.create_email_identity(EmailIdentity=identity)
    except sesv2.exceptions.AlreadyExistsException:
        made = sesv2.get_email_identity(EmailIdentity=identity)
        if is_address:
            client("ses").verify_email_identity(EmailAddress=identity)  # mails the link once more
        elif made["DkimAttributes"].get("Status") == "FAILED":
            # SES has stopped checking the DNS records.
            sesv2.put_email_identity_dkim_signing_attributes(
                EmailIdentity=identity, SigningAttributesOrigin="AWS_SES"
            )
    if is_address:
        return f"SES sends {identity} a mail; follow the link in it."
    records = (
        f"{token}._domainkey.{identity}. CNAME {token}.dkim.amazonses.com."
        for token in made["DkimAttributes"].get("Tokens", ())
    )
    return "\n".join((f"Add these records to {identity}; SES looks for them for 72 hours:", *records))
