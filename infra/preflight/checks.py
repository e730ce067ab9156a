"""Checks for problems that would make a command of the CDK fail. Each raises one message for the operator."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.preflight.account import PreflightError, outputs_of
from infra.preflight.base_images import check_base_images
from infra.preflight.engine import check_engine
from infra.preflight.protection import NEVER_MADE
from infra.regions import check_region
from llmready.adapters.mail.ses import is_verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.preflight.account import Account

_OLDEST_VERSION = 6
"""Version of the bootstrap that the CDK's default synthesizer requires."""

_SERVICE_ROLES = "/aws-service-role/ecs.amazonaws.com/"
ROLE_SPREADS = 10.0
"""Seconds until other services know a new role, because IAM is eventually consistent."""


def check_bootstrap_leftovers(account: Account) -> None:
    """Refuse if remains of an earlier bootstrap would make the next one fail.

    Raises:
        PreflightError: with what to remove first.
    """
    toolkit = account.stack_of(account.toolkit)
    if toolkit and toolkit["StackStatus"] not in NEVER_MADE:
        return  # bootstrapping again updates it
    bucket = account.assets_bucket(None)
    if _bucket_exists(account, bucket):
        raise PreflightError(
            f"The bucket {bucket} of an earlier bootstrap still exists, so this bootstrap would fail."
            " Empty and delete the bucket in the S3 console, then bootstrap again."
        )


def check_bootstrap(account: Account) -> None:
    """Refuse an account that is not bootstrapped for the CDK.

    Raises:
        PreflightError: with what to do first.
    """
    again = f"run `make bootstrap STAGE={account.stage.name}` with the same ARGS."
    toolkit = account.stack_of(account.toolkit)
    if toolkit and toolkit["StackStatus"] in NEVER_MADE:
        raise PreflightError(
            f"The bootstrap of {account.id} in {account.region} failed ({account.toolkit} is"
            f" {toolkit['StackStatus']}); delete that stack in the CloudFormation console, then {again}"
        )
    ssm = account.client("ssm")
    try:
        parameter = ssm.get_parameter(Name=f"/cdk-bootstrap/{account.qualifier}/version")
    except ssm.exceptions.ParameterNotFound as error:
        raise PreflightError(
            f"The account {account.id} is not prepared for the CDK in {account.region}; {again}"
        ) from error
    version = int(parameter["Parameter"]["Value"])
    if version < _OLDEST_VERSION:
        raise PreflightError(f"The bootstrap of {account.region} is too old (version {version}); {again}")
    bucket = account.assets_bucket(toolkit)
    if not _bucket_exists(account, bucket):
        raise PreflightError(
            f"The CDK's bucket {bucket} was deleted; delete the stack {account.toolkit} in the CloudFormation"
            f" console, then {again}"
        )


def check_is_still(account: Account) -> None:
    """Refuse a stack that cannot be changed at this time.

    Raises:
        PreflightError: with what to wait for, or to do first.
    """
    name = account.stage.stack_name
    stack = account.stack_of(name)
    status = stack["StackStatus"] if stack else ""
    if status.endswith("_IN_PROGRESS"):
        raise PreflightError(f"{name} is being changed ({status}); wait until the change has ended.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise PreflightError(
            f"{name} is stuck ({status}); run `aws cloudformation continue-update-rollback --stack-name {name}"
            f" {account.options}` first."
        )


def check_sender(account: Account) -> None:
    """Refuse a sender that SES has not verified.

    Raises:
        PreflightError: with how it is verified.
    """
    stage = account.stage
    if stage.mail_provider != "ses":
        return
    identity = stage.mail_identity
    if not is_verified(account.client("sesv2"), identity):
        raise PreflightError(
            f"SES has not verified {identity} in {account.region}; run `make sender STAGE={stage.name}` with the"
            " same ARGS, and follow its output."
        )


def check_service_role(account: Account) -> None:
    """Create ECS's service-linked role if the account has none, and wait until it can be used.

    Otherwise ECS creates the role at the same time as the account's first cluster, which often fails.
    """
    iam = account.client("iam")
    if iam.list_roles(PathPrefix=_SERVICE_ROLES)["Roles"]:
        return
    # The call fails if another process has just created the role.
    with contextlib.suppress(iam.exceptions.InvalidInputException):
        made = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
        iam.get_waiter("role_exists").wait(RoleName=made["RoleName"])
    time.sleep(ROLE_SPREADS)


def check_services(account: Account) -> None:
    """Refuse settings that need a service that the region does not have.

    Raises:
        StageError: The setting, the region, and what to do.
    """
    check_region(account.stage, account.region)


def check_can_go(account: Account) -> None:
    """Refuse if there is no stack to remove, or if it is protected.

    Raises:
        PreflightError: with what to do first.
    """
    name = account.stage.stack_name
    stack = account.stack_of(name)
    if stack is None:
        raise PreflightError(f"There is no stack {name} in {account.region}; there is nothing to remove.")
    if stack.get("EnableTerminationProtection"):
        raise PreflightError(
            f"{name} is protected from deletion; to remove it anyway, run `aws cloudformation"
            f" update-termination-protection --no-enable-termination-protection --stack-name {name}"
            f" {account.options}` first."
        )


def check_is_empty(account: Account) -> None:
    """Refuse if files would be deleted together with the stack.

    Raises:
        PreflightError: with the option that allows it.
    """
    name = account.stage.stack_name
    bucket = outputs_of(account.stack_of(name) or {}).get("Bucket")
    if not bucket or _is_kept(account, name):
        return
    s3 = account.client("s3")
    try:
        holds_files = s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount")
    except s3.exceptions.NoSuchBucket:
        return
    if holds_files:
        raise PreflightError(
            f"The bucket {bucket} is not empty: it contains users' files;"
            f" `make destroy STAGE={account.stage.name} EMPTY=yes` deletes it with everything else."
        )


def _is_kept(account: Account, stack: str) -> bool:
    """Return whether the deployed template keeps the bucket of archives when the stack is deleted."""
    template = account.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    bucket = template["Resources"][template["Outputs"]["Bucket"]["Value"]["Ref"]]
    return bool(bucket.get("DeletionPolicy", "").startswith("Retain"))


def _bucket_exists(account: Account, name: str) -> bool:
    try:
        account.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        return error.response["Error"]["Code"] != "404"
    return True


CHECKS: dict[str, tuple[Callable[[Account], None], ...]] = {
    "bootstrap": (check_bootstrap_leftovers,),
    "deploy": (
        check_services,
        check_bootstrap,
        check_is_still,
        check_sender,
        check_base_images,
        check_engine,
        check_service_role,
    ),
    "destroy": (check_can_go, check_is_empty),
    "destroy-with-files": (check_can_go,),
}
"""The checks of each operation."""
