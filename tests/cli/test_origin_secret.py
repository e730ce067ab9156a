"""``llmready admin rotate-origin-secret``: the order of its calls to AWS."""

import json
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from llmready.cli import deployment
from llmready.cli.main import main

OUTPUTS = {"Distribution": "E1", "OriginSecret": "arn:secret"}


class Stage:
    """A stage whose services record all changes in order."""

    def __init__(self) -> None:
        self.outputs = dict(OUTPUTS)
        self.secret = json.dumps({"value": "old"})
        header = {"HeaderName": "x-llmready-origin", "HeaderValue": "old"}
        origins = [{"Id": "files"}, {"Id": "api", "CustomHeaders": {"Quantity": 1, "Items": [header]}}]
        self.config: dict[str, Any] = {"Origins": {"Quantity": 2, "Items": origins}, "Comment": "kept"}
        self.done: list[Any] = []

    def client(self, service: str) -> Any:
        outputs = [{"OutputKey": name, "OutputValue": value} for name, value in self.outputs.items()]
        return {
            "cloudformation": SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [{"Outputs": outputs}]}),
            "secretsmanager": SimpleNamespace(
                get_secret_value=lambda **_: {"SecretString": self.secret}, put_secret_value=self._put
            ),
            "cloudfront": SimpleNamespace(
                get_distribution_config=lambda **_: {
                    "ETag": "v1",
                    "DistributionConfig": deepcopy(self.config),
                    "ResponseMetadata": {},
                },
                update_distribution=self._update,
                get_waiter=lambda _: SimpleNamespace(wait=lambda **_: self.done.append("deployed")),
            ),
        }[service]

    @property
    def sent(self) -> str:
        return str(self.config["Origins"]["Items"][1]["CustomHeaders"]["Items"][0]["HeaderValue"])

    def _put(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        assert SecretId == "arn:secret"
        self.secret = SecretString
        self.done.append(json.loads(SecretString))

    def _update(self, *, Id: str, IfMatch: str, DistributionConfig: dict[str, Any]) -> None:  # noqa: N803
        assert (Id, IfMatch) == ("E1", "v1")
        self.config = DistributionConfig
        self.done.append("updated")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    found = SimpleNamespace(name="stage x", stack="LLMReady-x", client=stage.client)
    monkeypatch.setattr(deployment, "find", lambda _: found)
    return stage


def rotate(*options: str) -> int:
    return main(["admin", "rotate-origin-secret", "--after", "0", *options])


def test_the_new_value_is_accepted_before_it_is_sent_and_the_old_one_still(stage: Stage) -> None:
    assert rotate() == 0
    stored, *rest = stage.done
    assert rest == ["updated", "deployed"]
    assert stored == {"value": stage.sent, "previous": "old"}
    assert stage.sent != "old"
    assert stage.config["Comment"] == "kept"


def test_a_leaked_value_is_refused_once_the_new_value_is_sent_everywhere(stage: Stage) -> None:
    assert rotate("--compromised") == 0
    assert stage.done[1:] == ["updated", "deployed", {"value": stage.sent}]


def test_interrupted_rotation_is_completed_by_the_next(stage: Stage) -> None:
    stage.secret = json.dumps({"value": "new", "previous": "old"})
    assert rotate() == 0
    # A further value would be the third one, and the value that is still sent would be refused.
    assert stage.done == ["updated", "deployed"]
    assert stage.sent == "new"


def test_stage_without_a_distribution_is_refused(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.outputs = {}
    assert rotate() == 1
    assert "stage x has no distribution (web = false)" in capsys.readouterr().err
