"""Reads SES events of bounces and complaints from EventBridge."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmready.domain.mail import SuppressionReason

_NOT_SPAM = "not-spam"  # somebody took a complaint back


class Unwelcome(NamedTuple):
    """Addresses that must get no more mail."""

    addresses: list[str]
    reason: SuppressionReason


def unwelcome_from(detail: Mapping[str, Any]) -> Unwelcome | None:
    """Return the addresses that an event excludes, or None if it excludes none (such as a full mailbox).

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
    return Unwelcome([recipient["emailAddress"] for recipient in recipients], reason) if counts else None
