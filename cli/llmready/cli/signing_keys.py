"""``llmready admin rotate-signing-key``: a new key for the tokens, without anybody noticing."""

import argparse
import json
import secrets
from datetime import timedelta
from typing import Any

from llmready.cli import deployment
from llmready.cli.deployment import Deployment
from llmready.cli.failure import CommandFailed
from llmready.cli.operations import AddCommand
from llmready.domain.clock import now, timestamp

# Until every function has read the new key: they keep the old ones for five minutes, and clocks differ.
_KNOWN_AFTER = 360


def add_commands(command: AddCommand) -> None:
    """Add the command to ``llmready admin``."""
    rotate = command(
        "rotate-signing-key",
        _rotate,
        "Make a new key that signs tokens once every function knows it; tokens of the key before stay good.",
    )
    rotate.add_argument(
        "--force",
        action="store_true",
        help="rotate although the key before the present one is still in use: who signed in with it signs in again",
    )
    rotate.add_argument(
        "--after",
        type=int,
        default=_KNOWN_AFTER,
        metavar="SECONDS",
        help=f"when the new key begins to sign (default: {_KNOWN_AFTER}, when every function has read it)",
    )


def _rotate(options: argparse.Namespace) -> int:
    # They take a while to load, and no other command needs them.
    from llmready.adapters.secrets import SigningKeys  # noqa: PLC0415
    from llmready.domain.tokens import REFRESH_LIFETIME  # noqa: PLC0415

    service = deployment.find(options)
    arn, client = _secret_of(service), service.client("secretsmanager")
    keys = SigningKeys.model_validate_json(client.get_secret_value(SecretId=arn)["SecretString"])
    time = now()
    if not options.force and keys.signs_from is not None and time < keys.signs_from + REFRESH_LIFETIME:
        free = timestamp(keys.signs_from + REFRESH_LIFETIME)
        raise CommandFailed(
            f"key {keys.previous_kid} is still in use until {free}, and only two keys are accepted;"
            " with --force those who signed in with it have to sign in again"
        )
    kid, secret = keys.signing(time)
    signs_from = time + timedelta(seconds=options.after)
    rotated = SigningKeys(
        kid=f"k{secrets.token_hex(4)}",
        secret=secrets.token_urlsafe(48),
        signs_from=signs_from,
        previous_kid=kid,
        previous_secret=secret,
    )
    client.put_secret_value(SecretId=arn, SecretString=rotated.model_dump_json())
    answer = {"kid": rotated.kid, "signs_from": timestamp(signs_from), "previous_kid": kid}
    print(
        json.dumps(answer)
        if options.json
        else f"Key {rotated.kid} signs from {timestamp(signs_from)}; {kid} stays accepted."
    )
    return 0


def _secret_of(service: Deployment) -> str:
    stack: dict[str, Any] = service.client("cloudformation").describe_stacks(StackName=service.stack)[
        "Stacks"
    ][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return str(outputs["SigningSecret"])
