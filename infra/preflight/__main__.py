"""``python -m infra.preflight``: what ``make bootstrap``, ``deploy`` and ``destroy`` check before the CDK begins.

Before a deploy, it prints additional options for the CDK. After a deploy, ``protect`` protects a stage that
keeps its data from deletion. After a failed deploy, ``explain`` prints the reasons. ``make sender`` has SES
verify the sender, which a deploy needs.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from infra.preflight.account import BOOTSTRAP_QUALIFIER, QUALIFIER, TOOLKIT, Account, PreflightError, one_line
from infra.preflight.checks import CHECKS
from infra.preflight.explanation import explain
from infra.preflight.protection import exists, protect, release_never_made
from infra.preflight.settings_diff import changed_settings
from infra.senders import ask_to_verify
from infra.stage import StageError
from infra.stage_files import load_stage
from llmready.adapters.mail.ses import is_verified

_DENIED = {"AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"}


def main(arguments: list[str] | None = None) -> int:
    """Run the checks. If one fails, print one sentence and return exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.preflight", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "what", choices=[*CHECKS, "sender", "diff", "protect", "explain"], help="operation to check"
    )
    parser.add_argument("--stage", default="dev", help="name of a file in stages/")
    parser.add_argument("--profile", help="profile of your AWS credentials")
    parser.add_argument("--toolkit-stack-name", default=TOOLKIT, help="name of the CDK's bootstrap stack")
    parser.add_argument("--qualifier", help="qualifier of the CDK's bootstrap")
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="SETTING=VALUE", help="a setting of the stage"
    )
    options, _ = parser.parse_known_args(arguments)  # the other options are the CDK's
    try:
        account = _account(options)
        match options.what:
            case "sender":
                _verify_sender(account)
            case "diff":
                _show_changes(account)
            case "protect":
                _protect(account)
            case "explain":
                sys.stderr.writelines(f"{line}\n" for line in explain(account))
            case what:
                _examine(account, what)
                if what == "deploy":
                    _prepare_deploy(account)
    except (StageError, PreflightError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"The state of the AWS account could not be read: {one_line(error)}\n")
        return 1
    return 0


def _account(options: argparse.Namespace) -> Account:
    given = dict(entry.partition("=")[::2] for entry in options.context)
    if given.pop("stage", options.stage) != options.stage:
        raise PreflightError(
            f"The stage is {options.stage}, but ARGS names another one; set the stage only with STAGE=…."
        )
    # Names with a colon are settings of the CDK.
    settings = {name: value for name, value in given.items() if ":" not in name}
    return Account(
        load_stage(options.stage, settings),
        profile=options.profile,
        toolkit=options.toolkit_stack_name,
        qualifier=options.qualifier or given.get(BOOTSTRAP_QUALIFIER, QUALIFIER),
    )


def _examine(account: Account, what: str) -> None:
    for check in CHECKS[what]:
        try:
            check(account)
        except ClientError as error:
            # The CDK deploys with its own roles, so an operator who may assume them may lack permissions to read
            # resources.
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            sys.stderr.write(f"Check skipped, because a permission is missing: {one_line(error)}\n")


def _prepare_deploy(account: Account) -> None:
    """Print the CDK's options: a stack that does not exist yet is created without protection from deletion."""
    upgrade = True
    try:
        if done := release_never_made(account):
            sys.stderr.write(f"{done}\n")
        upgrade = exists(account)
        _show_changes(account)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        sys.stderr.write(f"Check skipped, because a permission is missing: {one_line(error)}\n")
    sys.stdout.write(f"--context protected={str(upgrade).lower()}\n")


def _show_changes(account: Account) -> None:
    """Print the settings that differ from the deployed ones, so that no setting is reverted unnoticed."""
    for line in changed_settings(account):
        sys.stderr.write(f"Setting changed: {line}\n")


def _protect(account: Account) -> None:
    """Turn on deletion protection after a deploy; without the permission, print a warning."""
    try:
        protect(account)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        sys.stderr.write(
            f"Deletion protection could not be turned on; the next deploy tries again: {one_line(error)}\n"
        )


def _verify_sender(account: Account) -> None:
    """Ask SES to verify the sender, and print the remaining steps."""
    stage = account.stage
    if stage.mail_provider != "ses":
        raise PreflightError(
            f"mail_provider is {stage.mail_provider!r}; only senders of SES need verification."
        )
    done = is_verified(account.client("sesv2"), stage.mail_identity)
    told = (
        f"{stage.mail_identity} is verified." if done else ask_to_verify(account.client, stage.mail_identity)
    )
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    sys.exit(main())
