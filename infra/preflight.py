"""Before a deploy: what would make it fail halfway, told in one sentence before anything is created.

``make bootstrap``, ``make deploy`` and ``make destroy`` ask here first; ``make sender`` has the sender verified.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.senders import ask_to_verify, is_verified
from infra.stage import Stage, StageError, load_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The CDK's own names, as long as nobody gives it others.
_TOOLKIT = "CDKToolkit"
_QUALIFIER = "hnb659fds"
_QUALIFIER_SETTING = "@aws-cdk/core:bootstrapQualifier"
_OLDEST_VERSION = 6
"""The CDK's default synthesizer asks for this one."""

_GONE = {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}
_NEVER_MADE = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
_DENIED = {"AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"}


class PreflightError(Exception):
    """Something has to be done first; the message is a sentence that says what."""


class Account:
    """The account and region that a stage is to be deployed into.

    Args:
        stage: the stage.
        profile: name of the credentials' profile; None takes the environment's.
        toolkit: name of the stack that the CDK's bootstrap makes.
        qualifier: what tells that bootstrap's resources from those of another.

    Raises:
        PreflightError: without credentials or a region that work.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        profile: str | None = None,
        toolkit: str = _TOOLKIT,
        qualifier: str = _QUALIFIER,
    ) -> None:
        self.stage = stage
        self.toolkit = toolkit
        self.qualifier = qualifier
        try:
            # The CDK knows both variables, boto3 the second alone.
            region = stage.region or os.environ.get("AWS_REGION")
            self._session = boto3.Session(profile_name=profile, region_name=region)
            if not self._session.region_name:
                raise PreflightError("No region is chosen; say which, such as -c region=eu-central-1.")
            self.region: str = self._session.region_name
            self.id: str = self.client("sts").get_caller_identity()["Account"]
        except NoCredentialsError as error:
            raise PreflightError(
                "There are no AWS credentials; sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE."
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise PreflightError(
                f"AWS does not know these credentials or this region (-c region=…): {_one_line(error)}"
            ) from error
        self.options = f"--region {self.region}" + (f" --profile {profile}" if profile else "")
        """What AWS's own command needs to act here."""

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self._session.client(service)  # type: ignore[call-overload]

    def stack_of(self, name: str) -> dict[str, Any] | None:
        """Return what CloudFormation says of a stack, or None where there is none."""
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: dict[str, Any] | None = next(iter(stacks), None)
        return None if found is None or found["StackStatus"] in _GONE else found

    def assets_bucket(self, toolkit: dict[str, Any] | None) -> str:
        """Return the name of the bucket that a bootstrap made, or would make."""
        name = f"cdk-{self.qualifier}-assets-{self.id}-{self.region}"
        return _outputs(toolkit).get("BucketName", name) if toolkit else name


def check_bootstrap_leftovers(account: Account) -> None:
    """Refuse where what is left of an earlier bootstrap would make the next one fail.

    Raises:
        PreflightError: with what to remove first.
    """
    toolkit = account.stack_of(account.toolkit)
    if toolkit and toolkit["StackStatus"] not in _NEVER_MADE:
        return  # bootstrapping once more brings it up to date
    bucket = account.assets_bucket(None)
    if _bucket_exists(account, bucket):
        raise PreflightError(
            f"The bucket {bucket} of an earlier bootstrap is still there and would make this one fail;"
            " empty and delete it in the S3 console, then bootstrap again."
        )


def check_bootstrap(account: Account) -> None:
    """Refuse an account that the CDK cannot deploy into.

    Raises:
        PreflightError: with what to do first.
    """
    again = f"run `make bootstrap STAGE={account.stage.name}` with the same ARGS."
    toolkit = account.stack_of(account.toolkit)
    if toolkit and toolkit["StackStatus"] in _NEVER_MADE:
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
    """Refuse a stack that cannot be changed now.

    Raises:
        PreflightError: with what to wait for, or to do first.
    """
    name = account.stage.stack_name
    stack = account.stack_of(name)
    status = stack["StackStatus"] if stack else ""
    if status.endswith("_IN_PROGRESS"):
        raise PreflightError(f"{name} is being changed ({status}); wait until that has ended.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise PreflightError(
            f"{name} is stuck ({status}); run `aws cloudformation continue-update-rollback --stack-name {name}"
            f" {account.options}` first."
        )


def check_sender(account: Account) -> None:
    """Refuse a sender whose mails SES would not send.

    Raises:
        PreflightError: with how it is verified.
    """
    stage = account.stage
    if stage.mail_provider != "ses":
        return
    identity = stage.mail_domain or stage.mail_sender
    if not is_verified(account.client("sesv2"), identity):
        raise PreflightError(
            f"SES has not verified {identity} in {account.region}; run `make sender STAGE={stage.name}` with the"
            " same ARGS, and follow what it says."
        )


def check_engine(account: Account) -> None:
    """Refuse where nothing can build the worker's image.

    Raises:
        PreflightError: with what to start or install.
    """
    if account.stage.placeholder_image:
        return
    engine = os.environ.get("CDK_DOCKER", "docker")
    try:
        runs = subprocess.run([engine, "info"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        runs = False
    if not runs:
        raise PreflightError(
            f"`{engine} info` fails, and the worker's image is built with it; start or install Docker, or name"
            " another such program in CDK_DOCKER."
        )


def check_can_go(account: Account) -> None:
    """Refuse where there is nothing to remove, or nothing may be removed.

    Raises:
        PreflightError: with what to do first.
    """
    name = account.stage.stack_name
    stack = account.stack_of(name)
    if stack is None:
        raise PreflightError(f"There is no stack {name} in {account.region}; nothing is to be removed.")
    if stack.get("EnableTerminationProtection"):
        raise PreflightError(
            f"{name} is protected from deletion; if you mean it, run `aws cloudformation"
            f" update-termination-protection --no-enable-termination-protection --stack-name {name}"
            f" {account.options}` first."
        )


def check_is_empty(account: Account) -> None:
    """Refuse where files would be deleted together with the stack.

    Raises:
        PreflightError: with how to say that they may be.
    """
    name = account.stage.stack_name
    bucket = _outputs(account.stack_of(name) or {}).get("Bucket")
    if not bucket or _is_kept(account, name):
        return
    s3 = account.client("s3")
    try:
        holds_files = s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount")
    except s3.exceptions.NoSuchBucket:
        return
    if holds_files:
        raise PreflightError(
            f"The bucket {bucket} is not empty: it still holds people's files;"
            f" `make destroy STAGE={account.stage.name} EMPTY=yes` deletes it with everything else."
        )


def verify_sender(account: Account) -> None:
    """Have SES verify the sender, and print what is left to do.

    Raises:
        PreflightError: where SES sends nothing.
    """
    stage = account.stage
    if stage.mail_provider != "ses":
        raise PreflightError(f"mail_provider is {stage.mail_provider!r}; only a sender of ses is verified.")
    identity = stage.mail_domain or stage.mail_sender
    done = is_verified(account.client("sesv2"), identity)
    told = f"{identity} is verified." if done else ask_to_verify(account.client, identity)
    sys.stdout.write(f"{told}\n")


def _is_kept(account: Account, stack: str) -> bool:
    """Say whether the bucket outlives its stack, by the template that was deployed."""
    template = account.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    buckets = [one for one in template["Resources"].values() if one["Type"] == "AWS::S3::Bucket"]
    return all(bucket.get("DeletionPolicy") == "Retain" for bucket in buckets)


def _bucket_exists(account: Account, name: str) -> bool:
    try:
        account.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        return error.response["Error"]["Code"] != "404"
    return True


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


_CHECKS: dict[str, tuple[Callable[[Account], None], ...]] = {
    "bootstrap": (check_bootstrap_leftovers,),
    "deploy": (check_bootstrap, check_is_still, check_sender, check_engine),
    "destroy": (check_can_go, check_is_empty),
    "sender": (verify_sender,),
}


def main(arguments: list[str] | None = None) -> int:
    """Look; exit code 1 and one sentence when something has to be done first."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.preflight", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("what", choices=_CHECKS, help="what is about to be done")
    parser.add_argument("--stage", default="dev", help="dev or prod")
    parser.add_argument("--profile", help="a profile of your AWS credentials")
    parser.add_argument("--toolkit-stack-name", default=_TOOLKIT, help="the CDK's own stack")
    parser.add_argument("--qualifier", help="what the CDK's bootstrap was told to put into its names")
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="SETTING=VALUE", help="a setting of the stage"
    )
    parser.add_argument("--with-files", action="store_true", help="files may be deleted (destroy)")
    options, _ = parser.parse_known_args(arguments)  # the others are the CDK's
    try:
        _examine(options)
    except (StageError, PreflightError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS could not be asked what the account holds: {_one_line(error)}\n")
        return 1
    return 0


def _examine(options: argparse.Namespace) -> None:
    given = dict(entry.partition("=")[::2] for entry in options.context)
    if given.pop("stage", options.stage) != options.stage:
        raise PreflightError(f"The stage is {options.stage}, and ARGS name another one; say STAGE=… alone.")
    qualifier = options.qualifier or given.get(_QUALIFIER_SETTING, _QUALIFIER)
    # Names with a colon are settings of the CDK's.
    settings = {name: value for name, value in given.items() if ":" not in name}
    account = Account(
        load_stage(options.stage, settings),
        profile=options.profile,
        toolkit=options.toolkit_stack_name,
        qualifier=qualifier,
    )
    checks: Sequence[Callable[[Account], None]] = _CHECKS[options.what]
    for check in checks:
        if check is check_is_empty and options.with_files:
            continue
        try:
            check(account)
        except ClientError as error:
            # The CDK deploys under roles of its own: who may take those needs no right to look at anything.
            if error.response["Error"]["Code"] not in _DENIED or check is verify_sender:
                raise
            sys.stderr.write(f"Not looked at beforehand, for lack of rights: {_one_line(error)}\n")


if __name__ == "__main__":
    sys.exit(main())
