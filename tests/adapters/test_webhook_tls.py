"""Deliveries over TLS: the connection goes to the checked address, and the certificate is checked for the name."""

import ipaddress
from pathlib import Path

import pytest

from llmready.adapters.webhook_sender import PinnedWebhookSender
from llmready.domain.webhooks import WebhookAnswer
from testkit.certificates import Authority
from testkit.receiver import receiving

HOST = "hooks.test"
LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def post(authority: Authority, port: int, *, host: str = HOST) -> WebhookAnswer:
    """Send a request to a host whose name resolves to this machine."""
    sender = PinnedWebhookSender(
        [(host, port)], look_up=lambda _: [LOOPBACK], context=authority.trusted, seconds=10
    )
    return sender.post(f"https://{host}:{port}/hooks", {"webhook-id": "1"}, b"{}")


def test_the_certificate_is_that_of_the_name_and_the_connection_that_of_the_address(
    authority: Authority,
) -> None:
    asked: list[str | None] = []
    context = authority.server(HOST)
    context.sni_callback = lambda _, name, __: asked.append(name)
    with receiving(context) as receiver:
        port = int(receiver.host.partition(":")[2])
        answer = post(authority, port)
    assert (answer.status_code, answer.error) == (200, None)
    assert asked == [HOST]
    assert receiver.requests[0].headers["host"] == f"{HOST}:{port}"


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ({"host": "other.test"}, "Hostname mismatch, certificate is not valid for 'hooks.test'"),
        ({"host": "*.hooks.test"}, "Hostname mismatch, certificate is not valid for 'hooks.test'"),
        ({"host": HOST, "signed": False}, "self-signed certificate"),
        ({"host": HOST, "expired": True}, "certificate has expired"),
    ],
    ids=["other name", "wildcard below", "self-signed", "expired"],
)
def test_a_certificate_that_is_not_valid_gets_nothing(
    authority: Authority, server: dict[str, object], reason: str
) -> None:
    with receiving(authority.server(**server)) as receiver:  # type: ignore[arg-type]
        answer = post(authority, int(receiver.host.partition(":")[2]))
    assert answer.status_code is None
    assert answer.error is not None
    assert answer.error.startswith("The certificate of the endpoint is not valid: ")
    assert reason in answer.error
    assert receiver.requests == []


def test_an_authority_that_is_not_known_gets_nothing(authority: Authority, tmp_path: Path) -> None:
    """The certificate is valid for the name, but the system does not trust its authority."""
    with receiving(Authority(tmp_path).server(HOST)) as receiver:
        answer = post(authority, int(receiver.host.partition(":")[2]))
    assert answer.error is not None
    assert answer.error.startswith("The certificate of the endpoint is not valid: ")
    assert receiver.requests == []


def test_endpoint_without_tls_is_reported(authority: Authority) -> None:
    with receiving() as receiver:
        answer = post(authority, int(receiver.host.partition(":")[2]))
    assert answer.error == "The encrypted connection (TLS) to the endpoint failed."
    assert receiver.requests == []


def test_an_address_inside_is_refused_before_the_handshake(
    authority: Authority,
) -> None:
    with receiving(authority.server(HOST)) as receiver:
        port = int(receiver.host.partition(":")[2])
        sender = PinnedWebhookSender(look_up=lambda _: [LOOPBACK], context=authority.trusted)
        answer = sender.post(f"https://{HOST}:{port}/", {}, b"{}")
    assert answer.error == f"{HOST} is not a public internet address, so nothing was sent."
    assert receiver.requests == []
