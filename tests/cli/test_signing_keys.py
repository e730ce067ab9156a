"""``llmready admin rotate-signing-key``, against Secrets Manager, CloudFormation and Lambda as boto3 shows them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from llmready.adapters.secrets import SigningKeys
from llmready.cli import deployment
from llmready.cli.main import main
from llmready.domain.clock import now
from llmready.domain.tokens import Audience

ARN = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:signing"
LEAKED = {"kid": "k1", "secret": "leaked" * 10}


class Stack:
    """A stack with one secret and two functions, of which one verifies tokens."""

    def __init__(self) -> None:
        self.secret = json.dumps(LEAKED)
        self.environments = {"auth": {"LLMREADY_SIGNING_SECRET": ARN, "A": "b"}, "cleanup": {"A": "b"}}

    def client(self, service: str) -> Any:
        return {
            "secretsmanager": SimpleNamespace(
                get_secret_value=lambda **_: {"SecretString": self.secret},
                put_secret_value=self._put,
            ),
            "cloudformation": SimpleNamespace(
                describe_stacks=lambda **_: {
                    "Stacks": [{"Outputs": [{"OutputKey": "SigningSecret", "OutputValue": ARN}]}]
                },
                get_paginator=lambda _: SimpleNamespace(paginate=self._resources),
            ),
            "lambda": SimpleNamespace(
                get_function_configuration=lambda FunctionName: {  # noqa: N803
                    "Environment": {"Variables": dict(self.environments[FunctionName])}
                },
                update_function_configuration=self._update,
            ),
        }[service]

    @property
    def keys(self) -> SigningKeys:
        return SigningKeys.model_validate_json(self.secret)

    def _put(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        assert SecretId == ARN
        self.secret = SecretString

    def _resources(self, **_: object) -> Iterator[dict[str, Any]]:
        for name in self.environments:
            entry = {"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": name}
            yield {"StackResourceSummaries": [entry, {"ResourceType": "AWS::SQS::Queue"}]}

    def _update(self, *, FunctionName: str, Environment: dict[str, dict[str, str]]) -> None:  # noqa: N803
        self.environments[FunctionName] = Environment["Variables"]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack()
    found = SimpleNamespace(name="stage x", stack="LLMReady-x", client=stack.client)
    monkeypatch.setattr(deployment, "find", lambda _: found)
    return stack


def rotate(*options: str) -> int:
    return main(["admin", "rotate-signing-key", *options])


@pytest.mark.parametrize("before", [[], [[]], [[], ["--force"]]], ids=["once", "twice", "three times"])
def test_leaked_key_is_no_longer_accepted(stack: Stack, before: list[list[str]]) -> None:
    """This also holds after earlier rotations, although the leaked key still signs within the propagation time."""
    for options in before:
        assert rotate(*options) == 0
    assert stack.keys.signing(now()) == ("k1", LEAKED["secret"])
    assert rotate("--compromised") == 0
    kid, secret = stack.keys.signing(now())
    assert kid != "k1"
    assert stack.keys.secret_of(kid, Audience.ACCESS) == secret
    for audience in Audience:
        if audience is not Audience.API_KEY:
            assert stack.keys.secret_of("k1", audience) is None
    assert LEAKED["secret"] not in stack.secret


def test_functions_are_restarted_after_a_leak(stack: Stack) -> None:
    before = {name: dict(variables) for name, variables in stack.environments.items()}
    assert rotate() == 0
    assert stack.environments == before
    assert rotate("--compromised") == 0
    assert stack.environments["cleanup"] == before["cleanup"]
    assert stack.environments["auth"] != before["auth"]
    assert stack.environments["auth"].items() >= before["auth"].items()


def test_fingerprints_of_addresses_outlive_every_rotation(stack: Stack) -> None:
    key = stack.keys.fingerprint_key
    for options in ([], ["--force"], ["--compromised"], []):
        assert rotate(*options) == 0
        assert stack.keys.fingerprint_key == key


@pytest.mark.usefixtures("stack")
def test_a_normal_rotation_names_when_the_previous_key_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert rotate("--json") == 0
    said = json.loads(capsys.readouterr().out)
    signs_from = datetime.fromisoformat(said["signs_from"])
    assert timedelta() < signs_from - now() <= timedelta(minutes=2)
    ends = {kind: datetime.fromisoformat(end) for kind, end in said["previous_accepted_until"].items()}
    assert ends["access_tokens"] - signs_from == timedelta(minutes=16)
    assert ends["refresh_tokens"] - signs_from == timedelta(days=30, minutes=1)


def test_a_previous_key_in_use_is_not_dropped_by_accident(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rotate() == 0
    assert rotate() != 0
    assert "--force" in capsys.readouterr().err
    assert stack.keys.previous_kid == "k1"


def test_force_and_compromised_exclude_each_other(stack: Stack) -> None:
    with pytest.raises(SystemExit):
        rotate("--force", "--compromised")
    assert json.loads(stack.secret) == LEAKED
