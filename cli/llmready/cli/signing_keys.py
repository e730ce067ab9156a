"""``llmready admin rotate-signing-key``: replace the key that signs tokens."""

import argparse
import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from llmready.cli import deployment
from llmready.cli.controls import AddCommand
from llmready.cli.deployment import Deployment
from llmready.cli.failure import CommandFailed
from llmready.domain.clock import now, timestamp
from llmready.domain.fingerprints import Fingerprints

if TYPE_CHECKING:
    from llmready.adapters.secrets import SigningKeys

# Every function reads the keys once a minute, and clocks differ.
_KNOWN_AFTER = 120


def add_commands(command: AddCommand) -> None:
    """Add the command to ``llmready admin``."""
    rotate = command(
        "rotate-signing-key",
        _rotate,
        "Create a new key for signing tokens. Nobody is signed out: tokens of the previous key stay valid.",
    )
    how = rotate.add_mutually_exclusive_group()
    how.add_argument(
        "--force",
        action="store_true",
        help="rotate although the previous key is still in use (users who signed in with it must sign in again)",
    )
    how.add_argument(
        "--compromised",
        action="store_true",
        help="the key has leaked: accept only the new key, at once (all users must sign in again)",
    )
    rotate.add_argument(
        "--after",
        type=int,
        default=_KNOWN_AFTER,
        metavar="SECONDS",
        help=f"delay until the new key begins to sign (default: {_KNOWN_AFTER}, in which every function reads it;"
        " ignored with --compromised)",
    )


def fingerprints(service: Deployment) -> Fingerprints:
    """Return the fingerprints of addresses, as the functions of a service make them."""
    key = _stored(service, _secret_of(service)).fingerprint_key
    return Fingerprints(lambda: key)


def _rotate(options: argparse.Namespace) -> int:
    # They take a while to load, and few commands need them.
    from llmready.adapters.secrets import SigningKeys  # noqa: PLC0415

    service = deployment.find(options)
    arn, time = _secret_of(service), now()
    old = _stored(service, arn)
    new = SigningKeys(
        kid=f"k{secrets.token_hex(4)}",
        secret=secrets.token_urlsafe(48),
        signs_from=time,
        fingerprint_secret=old.fingerprint_key,
    )
    if not options.compromised:
        new = _with_previous(new, old, time, options)
    service.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=new.model_dump_json(exclude_none=True)
    )
    if options.compromised:
        _restart_functions(service, arn, time)
    _print(new, as_json=options.json)
    return 0


def _stored(service: Deployment, arn: str) -> "SigningKeys":
    from llmready.adapters.secrets import SigningKeys  # noqa: PLC0415 - see _rotate

    secret = service.client("secretsmanager").get_secret_value(SecretId=arn)
    return SigningKeys.model_validate_json(secret["SecretString"])


def _with_previous(
    new: "SigningKeys", old: "SigningKeys", time: datetime, options: argparse.Namespace
) -> "SigningKeys":
    """Return the new keys with the key that signs now as the previous one.

    Raises:
        CommandFailed: The previous key of ``old`` is still in use and would no longer be accepted.
    """
    from llmready.domain.tokens import Audience  # noqa: PLC0415

    in_use_until = old.previous_ends(Audience.REFRESH)
    if not options.force and old.previous_kid is not None and time < in_use_until:
        raise CommandFailed(
            f"key {old.previous_kid} is still in use until {timestamp(in_use_until)}, and only two keys are accepted."
            " With --force, the key is replaced, and users who signed in with it must sign in again"
        )
    kid, secret = old.signing(time)
    signs_from = time + timedelta(seconds=options.after)
    return new.model_copy(update={"signs_from": signs_from, "previous_kid": kid, "previous_secret": secret})


def _restart_functions(service: Deployment, secret_arn: str, time: datetime) -> None:
    """Restart every function that verifies tokens, so that none uses cached keys.

    A changed environment makes Lambda start new processes.
    """
    client = service.client("lambda")
    resources = service.client("cloudformation").get_paginator("list_stack_resources")
    for page in resources.paginate(StackName=service.stack):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] != "AWS::Lambda::Function":
                continue
            name = resource["PhysicalResourceId"]
            environment = client.get_function_configuration(FunctionName=name).get("Environment", {})
            variables = environment.get("Variables", {})
            if secret_arn in variables.values():
                client.update_function_configuration(
                    FunctionName=name,
                    Environment={"Variables": {**variables, "LLMREADY_KEYS_REPLACED_AT": timestamp(time)}},
                )


def _print(keys: "SigningKeys", *, as_json: bool) -> None:
    from llmready.domain.tokens import Audience  # noqa: PLC0415

    signs_from = timestamp(keys.signs_from or now())
    row: dict[str, Any] = {"kid": keys.kid, "signs_from": signs_from, "previous_kid": keys.previous_kid}
    if keys.previous_kid is None:
        text = f"Key {keys.kid} signs now and no other key is accepted. Everybody has to sign in again."
    else:
        accepted_until = {
            "access_tokens": timestamp(keys.previous_ends(Audience.ACCESS)),
            "refresh_tokens": timestamp(keys.previous_ends(Audience.REFRESH)),
        }
        row["previous_accepted_until"] = accepted_until
        text = (
            f"Key {keys.kid} signs from {signs_from}. Access tokens of {keys.previous_kid} are accepted until"
            f" {accepted_until['access_tokens']}, its refresh tokens until {accepted_until['refresh_tokens']}."
        )
    print(json.dumps(row) if as_json else text)


def _secret_of(service: Deployment) -> str:
    stack: dict[str, Any] = service.client("cloudformation").describe_stacks(StackName=service.stack)[
        "Stacks"
    ][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return str(outputs["SigningSecret"])
