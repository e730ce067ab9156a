"""cdk-nag's AwsSolutions rules: a finding that is not acknowledged fails the synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations
from cdk_nag import AwsSolutionsChecks

if TYPE_CHECKING:
    from aws_cdk import App
    from constructs import IConstruct


def check_solutions(app: App) -> None:
    """Check the rules when the app is synthesised."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


_HERE = "<AWS::Region>:<AWS::AccountId>"


def wildcard(service: str, resource: str) -> str:
    """Return cdk-nag's name for a wildcard in an ARN of this account and region.

    Args:
        service: The ARN's service, such as ``ecs``.
        resource: What follows the account in the ARN. References to resources are their logical IDs in ``<>``.
    """
    return f"IAM5[Resource::arn:<AWS::Partition>:{service}:{_HERE}:{resource}]"


def acknowledge(construct: IConstruct, *rules: str, because: str) -> None:
    """Accept findings on a construct and its children.

    Args:
        construct: The construct with the findings.
        rules: IDs without ``AwsSolutions-``, with the finding in brackets if there are several.
        because: Why the finding is acceptable.
    """
    for rule in rules:
        Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=because))
