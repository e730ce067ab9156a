"""Webhook URLs with every address trick of the crawler's tests: refused when stored, and again when sent."""

import ipaddress

import pytest

from llmready.adapters.webhook_sender import PinnedWebhookSender
from llmready.addresses import Address
from llmready.domain.errors import Invalid
from llmready.domain.webhooks import webhook_url
from testkit.receiver import receiving
from testkit.tricks import tricks

LOOPBACK: list[Address] = [ipaddress.ip_address("127.0.0.1")]


def urls(port: int) -> list[str]:
    """Return each trick unchanged and with https, which webhooks require."""
    found = tricks(port)
    return [*found, *(url.replace("http:", "https:", 1) for url in found if url.startswith("http:"))]


def test_urls_with_private_addresses_are_not_stored() -> None:
    """The answers to requests with such URLs are tested in test_webhooks.py."""
    wanted = urls(8080)
    assert len(wanted) > 300
    for url in wanted:
        with pytest.raises(Invalid):
            pytest.fail(f"{url} was accepted as {webhook_url(url)}")


def test_private_addresses_get_no_webhooks() -> None:
    """The endpoint was stored by an earlier release, and every name resolves to a private address."""
    with receiving() as receiver:
        port = int(receiver.host.partition(":")[2])
        sender = PinnedWebhookSender(look_up=lambda _: LOOPBACK, seconds=5)
        for url in urls(port):
            answer = sender.post(url, {}, b"{}")
            assert answer.status_code is None, url
            assert answer.error, url
            assert not answer.timed_out, url
        assert receiver.requests == []


@pytest.mark.parametrize("allowed", [("127.0.0.1", 1), ("localhost", 1), ("inside.test", 1)])
def test_an_allowed_host_allows_no_other_port_or_host(allowed: tuple[str, int]) -> None:
    with receiving() as receiver:
        port = int(receiver.host.partition(":")[2])
        sender = PinnedWebhookSender([allowed], look_up=lambda _: LOOPBACK, seconds=5)
        for url in urls(port):
            assert sender.post(url, {}, b"{}").status_code is None, url
        assert receiver.requests == []
