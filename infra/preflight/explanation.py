"""Explain why a deploy failed, with the setting to change if the reason is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.preflight.account import Account

_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"})
_CONSEQUENCE = "Resource creation cancelled"


class _Known(NamedTuple):
    """A reason that AWS gives, and what the operator can do."""

    part: str
    advice: str


_KNOWN = (
    _Known(
        "must be verified before you can add",
        "This account cannot use CloudFront until AWS has verified it. Open a case with AWS Support"
        " (account verification for CloudFront), or set web = false in stages/{stage}.toml and deploy without the"
        " web app. You can add it later with web = true.",
    ),
    _Known(
        "specified SSL certificate doesn't exist",
        "CloudFront accepts only issued certificates of us-east-1; check web_certificate.",
    ),
    _Known(
        "One or more of the CNAMEs you provided are already associated",
        "Another distribution has web_domain as an alternate domain name; remove it there first.",
    ),
)


def explain(account: Account) -> list[str]:
    """Return a sentence for each resource that made the last deploy of a stage fail, the first cause first.

    Args:
        account: account and region of the stage.
    """
    sentences: list[str] = []
    for event in reversed(list(_failures(account))):
        reason = " ".join(event.get("ResourceStatusReason", "no reason given").split())
        sentences.append(f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}")
        sentences += [
            known.advice.format(stage=account.stage.name) for known in _KNOWN if known.part in reason
        ]
    return sentences


def _failures(account: Account) -> Iterator[dict[str, Any]]:
    """Yield the failed events of the stack's last change, the newest first."""
    name = account.stage.stack_name
    pages = account.client("cloudformation").get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=name):
        for event in page["StackEvents"]:
            status = event.get("ResourceStatus", "")
            if event.get("PhysicalResourceId") == event["StackId"]:
                if status in _STARTS:
                    return
            elif status.endswith("_FAILED") and _CONSEQUENCE not in event.get("ResourceStatusReason", ""):
                yield event
