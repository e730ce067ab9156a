"""Read the AWS account and region of a stage before its deploy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

if TYPE_CHECKING:
    from infra.stage import Stage

# The CDK's default names.
TOOLKIT = "CDKToolkit"
QUALIFIER = "hnb659fds"
BOOTSTRAP_QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
"""The CDK's setting of the qualifier."""

_GONE = {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}


class PreflightError(Exception):
    """The deploy is not possible yet. The message says what to do first."""


class Account:
    """The account and region that a stage is to be deployed into.

    Args:
        stage: the stage.
        profile: name of the credentials' profile; None uses the environment's.
        toolkit: name of the stack that the CDK's bootstrap creates.
        qualifier: distinguishes the resources of this bootstrap from those of others.

    Raises:
        PreflightError: if there are no valid credentials or no region.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        profile: str | None = None,
        toolkit: str = TOOLKIT,
        qualifier: str = QUALIFIER,
    ) -> None:
        self.stage = stage
        self.toolkit = toolkit
        self.qualifier = qualifier
        try:
            # The CDK reads both variables, boto3 only the second.
            region = stage.region or os.environ.get("AWS_REGION")
            self._session = boto3.Session(profile_name=profile, region_name=region)
            if not self._session.region_name:
                raise PreflightError(
                    "No AWS region is set; set one, for example with -c region=eu-central-1."
                )
            self.region: str = self._session.region_name
            self.id: str = self.client("sts").get_caller_identity()["Account"]
        except NoCredentialsError as error:
            raise PreflightError(
                "There are no AWS credentials; sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE."
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise PreflightError(
                f"AWS rejected the credentials or the region (-c region=…): {one_line(error)}"
            ) from error
        self.options = f"--region {self.region}" + (f" --profile {profile}" if profile else "")
        """Environment variables for the AWS command line."""

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self._session.client(service)  # type: ignore[call-overload]

    def stack_of(self, name: str) -> dict[str, Any] | None:
        """Return CloudFormation's description of a stack, or None if it does not exist."""
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: dict[str, Any] | None = next(iter(stacks), None)
        return None if found is None or found["StackStatus"] in _GONE else found

    def assets_bucket(self, toolkit: dict[str, Any] | None) -> str:
        """Return the name of the bucket that a bootstrap creates."""
        name = f"cdk-{self.qualifier}-assets-{self.id}-{self.region}"
        return outputs_of(toolkit).get("BucketName", name) if toolkit else name


def outputs_of(stack: dict[str, Any]) -> dict[str, str]:
    """Return the outputs of a stack by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def one_line(error: Exception) -> str:
    """Return the message of an error, without line ends."""
    return " ".join(str(error).split())
