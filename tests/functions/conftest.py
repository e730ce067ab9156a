import json
from collections.abc import Iterator

import pytest

from llmready import bootstrap
from llmready.settings import settings
from testkit.emulator import Place

SECRET = json.dumps({"kid": "k1", "secret": "s" * 64})


@pytest.fixture
def calls(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Record all AWS calls of this process; the functions use separate resources."""
    secret = place.emulator.client("secretsmanager").create_secret(Name=place.name, SecretString=SECRET)
    for name, value in place.environment(
        signing_secret=secret["ARN"], dispatcher_function="nobody", starts_per_minute=1000
    ).items():
        monkeypatch.setenv(name, value)
    _forget()
    made: list[str] = []
    for service in ("dynamodb", "sqs", "lambda", "s3"):
        bootstrap.client(service).meta.events.register(
            "before-call", lambda model, **_: made.append(model.name)
        )
    yield made
    for service in ("dynamodb", "sqs", "lambda", "s3"):
        bootstrap.client(service).close()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    for name in dir(bootstrap):
        if hasattr(clear := getattr(bootstrap, name), "cache_clear"):
            clear.cache_clear()
