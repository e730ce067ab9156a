import json
from collections.abc import Callable, Iterator

import pytest

from testkit.emulator import Place
from testkit.receiver import Receiver, receiving
from testkit.service import Service, clients, forget

KEY = {"kid": "k1", "secret": "s" * 64}
LIMITS = {"registrations_per_minute": 10_000, "logins_per_minute": 10_000, "starts_per_minute": 10_000}


@pytest.fixture
def set_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Set up the functions of this process with separate resources and the given settings."""
    secret = place.emulator.client("secretsmanager").create_secret(
        Name=place.name, SecretString=json.dumps(KEY)
    )
    place.emulator.client("ses").verify_email_identity(EmailAddress="noreply@example.com")
    made = False

    def setting_up(**settings: object) -> Service:
        nonlocal made
        ours = {
            "signing_secret": secret["ARN"],
            "dispatcher_function": "nobody",
            "mail_provider": "ses",
            "mail_sender": "noreply@example.com",
            "public_url": "https://api.example.com",
            **LIMITS,
            **settings,
        }
        for name, value in place.environment(**ours).items():
            monkeypatch.setenv(name, value)
        if made:
            for client in clients():
                client.close()
        forget()
        made = True
        return Service(place)

    yield setting_up
    for client in clients():
        client.close()
    forget()


@pytest.fixture
def service(set_up: Callable[..., Service]) -> Service:
    return set_up()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def hooked(set_up: Callable[..., Service], receiver: Receiver) -> Service:
    """Return the service with the receiver among the allowed hosts."""
    return set_up(crawl_allow=receiver.host)
