"""Reads SES events of bounces and complaints from EventBridge."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmready.domain.mail import SuppressionReason

_NOT_SPAM = "not-spam"  # somebody took a complaint back


class Unwelcome(NamedTuple):
    """Addresses that shall get no more mail."""

    addresses: list[str]
    reason: SuppressionReason


def unwelcome_from(detail: Mapping[str, Any]) -> Unwelcome | None:
    """Return which addresses an event rules out; None where it rules out none, as a full mailbox does not.

    Args:
        detail: Of an event of the types "Email Bounced" and "Email Complaint Received".

    Raises:
        ValueError: It is no such event.
    """
    match detail:
        case {"eventType": "Bounce", "bounce": {"bounceType": str(kind), "bouncedRecipients": recipients}}:
            reason = SuppressionReason.BOUNCED
            counts = kind == "Permanent"
        case {"eventType": "Complaint", "complaint": {"complainedRecipients": recipients, **rest}}:
            reason = SuppressionReason.COMPLAINED
            counts = rest.get("complaintFeedbackType") != _NOT_SPAM
        case _:
            raise ValueError("the event tells of no bounce and no complaint")
    return Unwelcome([recipient["emailAddress"] for recipient in recipients], reason) if counts else None
