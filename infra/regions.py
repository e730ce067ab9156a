"""AWS regions without a resource type that a setting of a stage needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.stage import Stage


class Gap(NamedTuple):
    """A service that CloudFormation does not support in every region.

    Attributes:
        types: the resource types of the template that need it.
        regions: regions in which CloudFormation does not support them.
        is_needed: returns whether a stage has such resources.
        advice: what the operator can do.
    """

    types: tuple[str, ...]
    regions: frozenset[str]
    is_needed: Callable[[Stage], bool]
    advice: str


GAPS = (
    Gap(
        types=(
            "AWS::CloudFront::Distribution",
            "AWS::CloudFront::Function",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::ResponseHeadersPolicy",
        ),
        regions=frozenset(("cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1")),
        is_needed=lambda stage: stage.web,
        advice=(
            "web is true, but CloudFormation does not support CloudFront distributions in {region}. Choose another"
            " region, or set web to false."
        ),
    ),
    Gap(
        types=("AWS::Budgets::Budget",),
        regions=frozenset(
            (
                "af-south-1",
                "ap-east-1",
                "ap-east-2",
                "ap-northeast-3",
                "ap-south-2",
                "ap-southeast-3",
                "ap-southeast-4",
                "ap-southeast-5",
                "ap-southeast-6",
                "ap-southeast-7",
                "ca-west-1",
                "eu-central-2",
                "eu-north-1",
                "eu-south-1",
                "eu-south-2",
                "il-central-1",
                "me-central-1",
                "mx-central-1",
                "us-gov-east-1",
                "us-gov-west-1",
            )
        ),
        is_needed=lambda stage: stage.budget_usd > 0,
        advice=(
            "budget_usd is {stage.budget_usd}, but CloudFormation does not support AWS budgets in {region}."
            " Set budget_usd to 0, and create the budget in the Billing console."
        ),
    ),
    Gap(
        types=("AWS::SES::ConfigurationSet", "AWS::SES::ConfigurationSetEventDestination"),
        regions=frozenset(
            (
                "ap-east-1",
                "ap-east-2",
                "ap-southeast-4",
                "ap-southeast-6",
                "ap-southeast-7",
                "cn-north-1",
                "cn-northwest-1",
                "eu-south-2",
                "mx-central-1",
            )
        ),
        is_needed=lambda stage: stage.mail_provider == "ses",
        advice=(
            "mail_provider is 'ses', but Amazon SES is not available in {region}. Choose another region, or set"
            " mail_provider to 'sendgrid' or 'none'."
        ),
    ),
)


def check_region(stage: Stage, region: str) -> None:
    """Refuse a stage whose settings need a service that its region lacks.

    Args:
        stage: the settings.
        region: the region to deploy to.

    Raises:
        StageError: with one sentence that names the setting and the region.
    """
    for gap in GAPS:
        if region in gap.regions and gap.is_needed(stage):
            raise StageError(gap.advice.format(stage=stage, region=region))
