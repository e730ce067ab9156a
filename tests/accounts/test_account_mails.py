"""Which emails an address gets, and how many. Nobody can use the service to send emails to strangers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from llmready.adapters.dynamodb import account_mails
from llmready.domain.clock import now
from llmready.domain.generation import Failure
from llmready.usecases.end_generation import fail_generation
from testkit.dispatching import dispatched
from testkit.people import started, with_website
from testkit.service import NEW, PASSWORD, Member, Service, use

SetUp = Callable[..., Service]
EVIL = "Win at https://evil.example now"


class Time:
    """A clock that the test moves; the dispatcher and the notifier work after each move."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch):
        self.service, self.monkeypatch, self.time = service, monkeypatch, now()

    def passes(self, **duration: int) -> None:
        self.time += timedelta(**duration)
        use(self.monkeypatch, clock=lambda: self.time)
        dispatched(self.service.place, self.time)
        self.service.notify()


@pytest.fixture
def time(service: Service, monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(service, monkeypatch)


def subjects(service: Service, address: str) -> list[str]:
    return [mail["Subject"] for mail in service.mails(address)]


def forget(service: Service, address: str, source: str = "192.0.2.1") -> None:
    answer = service.ask("POST", "/auth/forgot-password", {"email": address}, source=source)
    assert answer.status == 200


def resend(service: Service, address: str) -> None:
    assert service.ask("POST", "/auth/resend-verification", {"email": address}).status == 200


def confirm(service: Service, member: Member) -> None:
    token = service.token_for(member.address)
    assert service.ask("POST", "/auth/verify-email", {"token": token}).status == 200


def test_signing_up_and_deleting_again_and_again_sends_four_mails(service: Service) -> None:
    address = "victim.again@example.org"
    for _ in range(12):
        stranger = service.person(address)
        service.notify()
        assert stranger.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert len(subjects(service, address)) == 4


def test_many_addresses_of_one_mailbox_get_thirty_mails_an_hour(service: Service, time: Time) -> None:
    addresses = [f"v.ictim+{number}@gmail.com" for number in range(18)]
    addresses += [f"victi.m+{number}@googlemail.com" for number in range(18)]
    for address in addresses:
        assert service.register(address).status == 201
    service.notify()
    assert sum(len(subjects(service, address)) for address in addresses) == 30
    last = addresses[-1]
    time.passes(minutes=61)
    resend(service, last)
    assert len(subjects(service, last)) == 1


def test_strangers_cannot_use_up_the_mails_of_the_plain_address(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_mails, "_OF_MAILBOX", account_mails._OF_MAILBOX._replace(most=2))
    for owner in ("ada.lovelace@example.org", "adalovelace@gmail.com", "adalovelace@googlemail.com"):
        name, _, domain = owner.partition("@")
        for number in range(3):
            assert service.register(f"{name}+{number}@{domain}").status == 201
        service.notify()
        assert service.register(owner).status == 201
        service.notify()
        assert subjects(service, f"{name}+2@{domain}") == []
        assert len(subjects(service, owner)) == 1


def test_a_confirmed_address_gets_mails_whatever_other_addresses_of_its_mailbox_got(service: Service) -> None:
    owner = service.person("owner.box@gmail.com")
    confirm(service, owner)
    for number in range(31):
        assert service.register(f"ownerbox+{number}@gmail.com").status == 201
    service.notify()
    forget(service, owner.address)
    assert "Choose a new LLMReady password" in subjects(service, owner.address)


def changes_password(_: Service, member: Member, number: int) -> None:
    old, new = (PASSWORD, NEW) if number % 2 == 0 else (NEW, PASSWORD)
    body = {"current_password": old, "new_password": new}
    assert member.ask("POST", "/auth/change-password", body).status == 200


@pytest.mark.parametrize(
    "cause",
    [
        lambda service, member, _: resend(service, member.address),
        lambda service, member, _: service.register(member.address),
        changes_password,
    ],
    ids=["resend", "register", "change-password"],
)
def test_each_cause_alone_sends_at_most_four_mails_an_hour(
    service: Service, cause: Callable[[Service, Member, int], None], request: pytest.FixtureRequest
) -> None:
    member = service.person(f"victim.{request.node.callspec.id}@example.org")
    for number in range(8):
        cause(service, member, number)
        service.notify()
    assert len(subjects(service, member.address)) == 4


def test_at_most_five_mails_an_hour_of_which_one_is_reserved_for_resets(service: Service) -> None:
    address = "victim.all@example.org"
    member = service.person(address)
    for number in range(6):
        resend(service, address)
        service.register(address)
        changes_password(service, member, number)
        service.notify()
    assert len(subjects(service, address)) == 4
    for number in range(6):
        forget(service, address, source=f"192.0.2.{number}")
        service.notify()
    assert [("new LLMReady password" in subject) for subject in subjects(service, address)].count(True) == 1
    assert len(subjects(service, address)) == 5
    # The reset link works although the address was flooded.
    body = {"token": service.token_for(address), "new_password": "yet another long password"}
    assert service.ask("POST", "/auth/reset-password", body).status == 200


def test_five_mails_within_any_hour(service: Service, time: Time) -> None:
    address = "victim.hour@example.org"
    service.register(address)
    sent: list[tuple[int, int]] = []
    for minute in range(0, 180, 6):
        forget(service, address)
        resend(service, address)
        time.passes(minutes=6)
        sent.append((minute, len(subjects(service, address))))
    for minute, count in sent:
        later = [after for at, after in sent if minute < at <= minute + 54]
        assert all(after - count <= 5 for after in later), sent
    assert sent[-1][1] > 10


def test_limit_outlives_the_account(service: Service) -> None:
    address = "victim.outlives@example.org"
    member = service.person(address)
    for _ in range(5):
        forget(service, address)
        service.notify()
    assert member.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    before = len(subjects(service, address))
    service.register(address)
    assert len(subjects(service, address)) == before


def test_a_newer_link_replaces_the_one_that_is_held_back(service: Service, time: Time) -> None:
    address = "ada.replaced@example.org"
    service.register(address)
    for _ in range(10):
        forget(service, address)
    service.notify()
    assert len(subjects(service, address)) == 5
    time.passes(minutes=30)
    forget(service, address)
    service.notify()
    assert len(subjects(service, address)) == 5
    time.passes(minutes=40)
    # One email replaces all delayed ones.
    assert len(subjects(service, address)) == 6
    time.passes(hours=2)
    assert len(subjects(service, address)) == 6
    # The email's token is as old as the email; the clock of this test ran ahead.
    use(time.monkeypatch, clock=now)
    body = {"token": service.token_for(address), "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200


def test_a_held_back_link_is_dropped_when_a_newer_one_was_sent(service: Service, time: Time) -> None:
    address = "ada.dropped@example.org"
    service.register(address)
    for _ in range(6):
        forget(service, address)
    service.notify()
    assert len(subjects(service, address)) == 5
    # The hour is over, and the owner asks again before the dispatcher comes.
    time.time += timedelta(minutes=61)
    use(time.monkeypatch, clock=lambda: time.time)
    forget(service, address)
    assert len(subjects(service, address)) == 6
    time.passes(minutes=5)
    assert len(subjects(service, address)) == 6


def test_a_link_that_expired_while_it_was_held_back_is_dropped(service: Service, time: Time) -> None:
    address = "ada.expired.link@example.org"
    service.register(address)
    for _ in range(6):
        forget(service, address)
    service.notify()
    assert len(subjects(service, address)) == 5
    time.passes(hours=3)
    assert len(subjects(service, address)) == 5


def test_held_back_mails_do_not_pile_up(service: Service) -> None:
    address = "victim.pile@example.org"
    service.register(address)
    for _ in range(20):
        forget(service, address)
        resend(service, address)
        service.register(address)
    service.notify()
    assert len([item for item in service.items() if item["sk"]["S"].startswith("MAIL#")]) <= 8


def test_requests_that_send_nothing_use_up_nothing(service: Service) -> None:
    ada = service.person("ada.confirmed@example.org")
    confirm(service, ada)
    for _ in range(10):
        resend(service, ada.address)
    service.notify()
    before = len(subjects(service, ada.address))
    changes_password(service, ada, 0)
    assert len(subjects(service, ada.address)) == before + 1


def fails(service: Service, member: Member, **website: Any) -> None:
    """Store a failed generation of a member."""
    place = service.place
    user = place.users.get(member.id)
    assert user is not None
    generation = started(place, user, with_website(place, user, **website))
    fail_generation(place.services, generation, Failure(code="dns_failure", message="The name is not known."))


def test_unconfirmed_addresses_get_only_account_mails(service: Service, time: Time) -> None:
    stranger = service.person("victim.generations@example.org")
    preferences = {"mail_preferences": {"quota_reset": True, "generations": True}, "full_name": EVIL}
    assert stranger.ask("PATCH", "/auth/me", preferences).status == 200
    fails(service, stranger, name=EVIL)
    service.notify()
    time.passes(minutes=10)
    mails = service.mails(stranger.address)
    assert ["confirm" in mail["Subject"] for mail in mails] == [True]
    confirm(service, stranger)
    time.passes(minutes=10)
    # Events before the confirmation cause no mails afterwards.
    assert len(service.mails(stranger.address)) == 1
    fails(service, stranger)
    assert len(service.mails(stranger.address)) == 2


def test_no_subject_contains_a_website_name(service: Service) -> None:
    ada = service.person("ada.subject@example.org")
    confirm(service, ada)
    fails(service, ada, name=EVIL, url="https://docs.example.com/You-have-won")
    mail = service.mails(ada.address)[-1]
    assert mail["Subject"] == "docs.example.com: the generation failed"
    for part in ("Subject", "BodyText", "BodyHtml"):
        assert "evil.example" not in mail[part]
        assert "You-have-won" not in mail[part]
    assert "“Win at now”" in mail["BodyText"]


def test_start_says_whether_an_email_will_follow(service: Service) -> None:
    ada = service.person("ada.told@example.org")
    user = service.place.users.get(ada.id)
    assert user is not None
    user = service.place.users.set_plan(user, "pro", now(), by="test")
    first, second = (with_website(service.place, user).id for _ in range(2))
    key = {"Idempotency-Key": "one"}
    answer = ada.ask("POST", "/generations/start", {"website_id": first}, headers=key)
    unconfirmed = "Generation started successfully. Confirm your address to get an email when it completes."
    assert (answer.status, answer.json["message"]) == (202, unconfirmed)
    confirm(service, ada)
    again = ada.ask("POST", "/generations/start", {"website_id": first}, headers=key)
    assert again.json == answer.json
    answer = ada.ask("POST", "/generations/start", {"website_id": second})
    confirmed = "Generation started successfully. You will receive an email when it completes."
    assert (answer.status, answer.json["message"]) == (202, confirmed)


def test_limit_of_account_mails_stores_no_address(service: Service) -> None:
    address = "ada.nameless@example.org"
    member = service.person(address)
    service.notify()
    assert member.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert address not in str(service.items())
