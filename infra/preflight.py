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
    from collections.abc import Callable, Iterable

# The CDK's own names, the same in every account that is bootstrapped without a name of its own.
_TOOLKIT = "CDKToolkit"
_ASSETS = "cdk-hnb659fds-assets-{account}-{region}"
_VERSION = "/cdk-bootstrap/hnb659fds/version"
_OLDEST_VERSION = 6
"""The CDK's default synthesizer asks for this one."""

_GONE = {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}
_NEVER_MADE = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


class PreflightError(Exception):
    """Something has to be done first; the message is a sentence that says what."""


class Account:
    """The account and region that a stage is to be deployed into.

    Args:
        stage: the stage.
        profile: name of the credentials' profile; None takes the environment's.

    Raises:
        PreflightError: without credentials or a region that work.
    """

    def __init__(self, stage: Stage, *, profile: str | None = None) -> None:
        self.stage = stage
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


def check_for_bootstrap(account: Account) -> None:
    """Refuse where what is left of an earlier bootstrap would make the next one fail.

    Raises:
        PreflightError: with what to remove first.
    """
    toolkit = account.stack_of(_TOOLKIT)
    if toolkit and toolkit["StackStatus"] not in _NEVER_MADE:
        return  # bootstrapping once more brings it up to date
    bucket = _ASSETS.format(account=account.id, region=account.region)
    if _bucket_exists(account, bucket):
        raise PreflightError(
            f"The bucket {bucket} of an earlier bootstrap is still there and would make this one fail;"
            " empty and delete it in the S3 console, then bootstrap again."
        )


def check_for_deploy(account: Account) -> None:
    """Refuse where a deploy would fail, or would make a service that cannot send a mail.

    Raises:
        PreflightError: with what to do first.
    """
    _check_bootstrap(account)
    _check_is_still(account)
    _check_sender(account)
    _check_engine(account)


def check_for_destroy(account: Account, *, with_files: bool = False) -> None:
    """Refuse where nothing could be removed, or files of users would go unsaid.

    Args:
        account: the account and stage.
        with_files: whether the operator has said that files may go.

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
            f" update-termination-protection --no-enable-termination-protection --stack-name {name}` first."
        )
    if account.stage.retain_data or with_files:
        return
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    bucket = outputs.get("Bucket")
    if bucket and account.client("s3").list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount"):
        raise PreflightError(
            f"The bucket {bucket} is not empty: people can still download what is in it;"
            f" `make destroy STAGE={account.stage.name} EMPTY=yes` deletes it with everything else."
        )


def verify_sender(account: Account) -> None:
    """Have SES verify the sender, and print what is left to do."""
    stage = account.stage
    if stage.mail_provider != "ses":
        raise PreflightError(f"mail_provider is {stage.mail_provider!r}; only a sender of ses is verified.")
    identity = stage.mail_domain or stage.mail_sender
    if is_verified(account.client("sesv2"), identity):
        sys.stdout.write(f"{identity} is verified.\n")
        return
    sys.stdout.write(f"{ask_to_verify(account.client, identity)}\n")


def _check_bootstrap(account: Account) -> None:
    again = f"run `make bootstrap STAGE={account.stage.name}` with the same ARGS."
    toolkit = account.stack_of(_TOOLKIT)
    if toolkit and toolkit["StackStatus"] in _NEVER_MADE:
        raise PreflightError(
            f"The bootstrap of {account.id} in {account.region} failed ({_TOOLKIT} is {toolkit['StackStatus']});"
            f" delete that stack in the CloudFormation console, then {again}"
        )
    try:
        version = int(account.client("ssm").get_parameter(Name=_VERSION)["Parameter"]["Value"])
    except account.client("ssm").exceptions.ParameterNotFound as error:
        raise PreflightError(
            f"The account {account.id} is not prepared for the CDK in {account.region}; {again}"
        ) from error
    if version < _OLDEST_VERSION:
        raise PreflightError(f"The bootstrap of {account.region} is too old (version {version}); {again}")
    bucket = _ASSETS.format(account=account.id, region=account.region)
    if not _bucket_exists(account, bucket):
        raise PreflightError(
            f"The CDK's bucket {bucket} was deleted; delete the stack {_TOOLKIT} in the CloudFormation console,"
            f" then {again}"
        )


def _check_is_still(account: Account) -> None:
    name = account.stage.stack_name
    stack = account.stack_of(name)
    status = stack["StackStatus"] if stack else ""
    if status.endswith("_IN_PROGRESS"):
        raise PreflightError(f"{name} is being changed ({status}); wait until that has ended.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise PreflightError(
            f"{name} is stuck ({status}); run `aws cloudformation continue-update-rollback --stack-name {name}`"
            " first."
        )


def _check_sender(account: Account) -> None:
    stage = account.stage
    if stage.mail_provider != "ses":
        return
    identity = stage.mail_domain or stage.mail_sender
    if not is_verified(account.client("sesv2"), identity):
        raise PreflightError(
            f"SES has not verified {identity} in {account.region}; run `make sender STAGE={stage.name}` with the"
            " same ARGS, and follow what it says."
        )


def _check_engine(account: Account) -> None:
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


def _bucket_exists(account: Account, name: str) -> bool:
    try:
        account.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        return error.response["Error"]["Code"] != "404"
    return True


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


_CHECKS: dict[str, Callable[[Account], None]] = {
    "bootstrap": check_for_bootstrap,
    "deploy": check_for_deploy,
    "sender": verify_sender,
}


def main(arguments: list[str] | None = None) -> int:
    """Look; exit code 1 and one sentence when something has to be done first."""
    parser = argparse.ArgumentParser(prog="python -m infra.preflight", description=__doc__)
    parser.add_argument("check", choices=[*_CHECKS, "destroy"], help="what is about to be done")
    parser.add_argument("--stage", default="dev", help="dev or prod")
    parser.add_argument("--profile", help="a profile of your AWS credentials")
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="SETTING=VALUE", help="a setting of the stage"
    )
    parser.add_argument("--with-files", action="store_true", help="files may be deleted (destroy)")
    options, _ = parser.parse_known_args(arguments)  # the others are the CDK's
    try:
        stage = load_stage(options.stage, _settings(options.context))
        account = Account(stage, profile=options.profile)
        if options.check == "destroy":
            check_for_destroy(account, with_files=options.with_files)
        else:
            _CHECKS[options.check](account)
    except (StageError, PreflightError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS could not be asked what the account holds: {_one_line(error)}\n")
        return 1
    return 0


def _settings(entries: Iterable[str]) -> dict[str, str]:
    # Names with a colon or a slash, and the stage's, are meant for the CDK.
    pairs = (entry.partition("=") for entry in entries)
    return {name: value for name, _, value in pairs if name != "stage" and not set(":/@") & set(name)}


if __name__ == "__main__":
    sys.exit(main())
