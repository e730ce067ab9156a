"""Failed logins lock out the guesser, not the owner of the account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from llmready.domain.clock import now
from testkit.service import NEW, Answer, Service, use

SetUp = Callable[..., Service]
GUESSER = "198.51.100.7"
HOME = "203.0.113.9"
WRONG = "not the password"


def locked(answer: Answer) -> None:
    assert (answer.status, answer.json["code"]) == (429, "account_locked"), answer.body
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60


def fail(service: Service, address: str, source: str, times: int) -> None:
    for _ in range(times):
        assert service.login(address, WRONG, source=source).status == 401


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_ten_failures_lock_the_address_only_for_that_network(service: Service, *, known: bool) -> None:
    address = f"ada.{known}@example.org"
    if known:
        service.register(address)
    fail(service, address, GUESSER, 10)
    locked(service.login(address, WRONG, source=GUESSER))
    locked(service.login(address, source=GUESSER))
    assert service.login(address, source=HOME).status == (200 if known else 401)
    locked(service.login(address, source=GUESSER))


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("198.51.100.1", "198.51.100.254", "198.51.101.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
        ("::ffff:198.51.100.1", "198.51.100.9", "::ffff:198.51.101.1"),
    ],
    ids=["IPv4 /24", "IPv6 /64", "IPv4 mapped"],
)
def test_addresses_of_one_network_count_together(service: Service, one: str, same: str, other: str) -> None:
    fail(service, "ada.network@example.org", one, 5)
    fail(service, "ada.network@example.org", same, 5)
    locked(service.login("ada.network@example.org", source=same))
    assert service.login("ada.network@example.org", source=other).status == 401


def test_other_addresses_are_not_locked(service: Service) -> None:
    service.register("ben.free@example.org")
    fail(service, "ada.only@example.org", GUESSER, 10)
    assert service.login("ben.free@example.org", source=GUESSER).status == 200


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_hundred_failures_from_anywhere_lock_the_address(service: Service, *, known: bool) -> None:
    address = f"ada.hundred.{known}@example.org"
    if known:
        service.register(address)
    for network in range(11):
        fail(service, address, f"198.51.{network}.1", 9)
    assert service.login(address, source="198.51.99.1").status == (200 if known else 401)
    fail(service, address, "198.51.100.1", 1 if known else 0)
    locked(service.login(address, source=HOME))
    locked(service.login(address, source="198.51.200.1"))


def test_successful_login_keeps_failures_of_other_networks(service: Service) -> None:
    address = "ada.owner@example.org"
    service.register(address)
    for network in range(11):
        fail(service, address, f"198.51.{network}.1", 9)
        assert service.login(address, source=HOME).status == 200
    fail(service, address, "198.51.100.1", 1)
    locked(service.login(address, source=HOME))


def test_a_lock_ends_after_fifteen_minutes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "ada.waits@example.org"
    service.register(address)
    fail(service, address, GUESSER, 10)
    started = now()
    use(monkeypatch, clock=lambda: started + timedelta(minutes=14))
    locked(service.login(address, source=GUESSER))
    use(monkeypatch, clock=lambda: started + timedelta(minutes=15, seconds=2))
    assert service.login(address, source=GUESSER).status == 200


def reset(service: Service, address: str) -> None:
    service.ask("POST", "/auth/forgot-password", {"email": address})
    body = {"token": service.token_for(address), "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200


def test_a_reset_lifts_the_lock_of_every_network(service: Service) -> None:
    address = "ada.resets@example.org"
    service.register(address)
    for source in (GUESSER, HOME):
        fail(service, address, source, 10)
        locked(service.login(address, source=source))
    reset(service, address)
    for source in (GUESSER, HOME):
        assert service.login(address, NEW, source=source).status == 200


def test_a_reset_lifts_the_lock_of_the_address(service: Service) -> None:
    address = "ada.resets.all@example.org"
    service.register(address)
    for network in range(10):
        fail(service, address, f"198.51.{network}.1", 10)
    locked(service.login(address, source=HOME))
    reset(service, address)
    assert service.login(address, NEW, source=HOME).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/change-password", {"current_password": WRONG, "new_password": NEW}),
        ("DELETE", "/auth/me", {"password": WRONG}),
    ],
)
def test_every_check_of_the_password_counts_failures(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    ada = service.person(f"ada.counts.{method.lower()}@example.org")
    for _ in range(10):
        assert ada.ask(method, path, body, source=GUESSER).status == 403
    locked(ada.ask(method, path, body, source=GUESSER))
    locked(service.login(ada.address, source=GUESSER))
    assert service.login(ada.address, source=HOME).status == 200


def test_stored_failures_name_neither_address_nor_network(service: Service) -> None:
    fail(service, "ada.secret@example.org", "198.51.100.77", 2)
    stored = str([item for item in service.items() if "LOCKOUT" in item["pk"]["S"]])
    assert "LOCKOUT" in stored
    for word in ("ada.secret", "198.51.100"):
        assert word not in stored
