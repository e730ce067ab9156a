"""``llmready admin rotate-origin-secret``: replace the secret header of the distribution."""

import argparse
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from llmready.cli import deployment
from llmready.cli.controls import AddCommand
from llmready.cli.deployment import Deployment
from llmready.cli.failure import CommandFailed
from llmready.http.distribution import SECRET_HEADER

if TYPE_CHECKING:
    from llmready.adapters.secrets import OriginSecret

# Every function reads the secret once a minute.
_KNOWN_AFTER = 70


def add_commands(command: AddCommand) -> None:
    """Add the command to ``llmready admin``."""
    rotate = command(
        "rotate-origin-secret",
        _rotate,
        "Give the distribution a new secret header. No request is refused: the previous value is accepted as well.",
    )
    rotate.add_argument(
        "--compromised",
        action="store_true",
        help="if the previous value has leaked: refuse it as soon as the distribution sends the new value",
    )
    rotate.add_argument(
        "--after",
        type=int,
        default=_KNOWN_AFTER,
        metavar="SECONDS",
        help=f"when the distribution begins to send the new value (default: {_KNOWN_AFTER}, when every function has"
        " read it)",
    )


def _rotate(options: argparse.Namespace) -> int:
    # They take a while to load, and few commands need them.
    from llmready.adapters.secrets import OriginSecret  # noqa: PLC0415

    service = deployment.find(options)
    outputs = _outputs(service)
    if not {"Distribution", "OriginSecret"} <= outputs.keys():
        raise CommandFailed(f"{service.name} has no distribution (web = false), so it has no secret header")
    arn, distribution = outputs["OriginSecret"], outputs["Distribution"]
    store = service.client("secretsmanager")
    stored = OriginSecret.model_validate_json(store.get_secret_value(SecretId=arn)["SecretString"])
    sent = _header(_config(service, distribution)["DistributionConfig"])["HeaderValue"]
    if sent == stored.value:
        stored = OriginSecret(value=secrets.token_urlsafe(48), previous=sent)
        _store(store, arn, stored)
    # Otherwise an earlier rotation ended before the distribution had the new value.
    time.sleep(options.after)
    config = _config(service, distribution)
    _header(config["DistributionConfig"])["HeaderValue"] = stored.value
    client = service.client("cloudfront")
    client.update_distribution(
        Id=distribution, IfMatch=config["ETag"], DistributionConfig=config["DistributionConfig"]
    )
    client.get_waiter("distribution_deployed").wait(Id=distribution)
    if options.compromised:
        _store(store, arn, OriginSecret(value=stored.value))
    previous = (
        "accepted for at most one more minute" if options.compromised else "accepted until the next rotation"
    )
    answer = {"distribution": distribution, "previous_value": previous}
    print(
        json.dumps(answer)
        if options.json
        else f"The distribution {distribution} sends the new value everywhere. The previous value is {previous}."
    )
    return 0


def _store(client: Any, arn: str, secret: "OriginSecret") -> None:
    client.put_secret_value(SecretId=arn, SecretString=secret.model_dump_json(exclude_none=True))


def _config(service: Deployment, distribution: str) -> dict[str, Any]:
    return dict(service.client("cloudfront").get_distribution_config(Id=distribution))


def _header(config: dict[str, Any]) -> dict[str, str]:
    """Return the secret header of a distribution's settings.

    Raises:
        CommandFailed: The distribution has none.
    """
    for origin in config["Origins"]["Items"]:
        for header in origin.get("CustomHeaders", {}).get("Items", []):
            if header["HeaderName"].lower() == SECRET_HEADER:
                found: dict[str, str] = header
                return found
    raise CommandFailed(f"the distribution sends no header {SECRET_HEADER}; deploy the stage again")


def _outputs(service: Deployment) -> dict[str, str]:
    (stack,) = service.client("cloudformation").describe_stacks(StackName=service.stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
