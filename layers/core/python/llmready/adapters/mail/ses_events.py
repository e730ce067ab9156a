"""Reads SES events of bounces and complaints from EventBridge."""

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any, NamedTuple

from llmready.domain.mail import SuppressionReason

_NOT_SPAM = "not-spam"  # somebody took a complaint back


class Unwelcome(NamedTuple):
    """Addresses that must get no more mail."""

    addresses: list[str]
    reason: SuppressionReason


def unwelcome_from(detail: Mapping[str, Any]) -> Unwelcome | None:
    """Return the addresses that an event excludes, or None if it excludes none (such as a full mailbox).

    Only addresses to which the mail was sent are returned. The report of a bounce also names an address, but the
    receiving mail server writes it, so it can be anybody's.

    Args:
        detail: The ``detail`` of an event of the type "Email Bounced" or "Email Complaint Received".

    Raises:
        ValueError: It is not such an event.
    """
    match detail:
        case {"eventType": "Bounce", "bounce": {"bounceType": str(kind), "bouncedRecipients": recipients}}:
            reason = SuppressionReason.BOUNCED
            counts = kind == "Permanent"
        case {"eventType": "Complaint", "complaint": {"complainedRecipients": recipients, **rest}}:
            reason = SuppressionReason.COMPLAINED
            counts = rest.get("complaintFeedbackType") != _NOT_SPAM
        case _:
            raise ValueError("the event reports neither a bounce nor a complaint")
    if not counts:
        return None
    sent_to = list(detail["mail"]["destination"])
    if len(sent_to) > 1:
        reported = {_bare(recipient["emailAddress"]) for recipient in recipients}
        sent_to = [address for address in sent_to if _bare(address) in reported]
    return Unwelcome(sent_to, reason)


def _bare(address: str) -> str:
    """Return an address without its display name, in lower case."""
    return parseaddr(address)[1].lower()
