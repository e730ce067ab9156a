"""A suspended account: every request is refused, nothing runs, and nothing is charged."""

import pytest

from llmready.domain.errors import Forbidden, Unauthenticated
from llmready.domain.generation import Status
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.passwords import hashed
from llmready.usecases.send_mail import send_mail
from llmready.usecases.sign_in import sign_in
from llmready.usecases.suspend_account import resume_account, suspend_account
from testkit.emulator import Place
from testkit.people import registered, started, with_website
from tests.functions.member import Member, member

ROUTES = [
    ("GET", "/auth/me"),
    ("GET", "/auth/me/export"),
    ("GET", "/websites"),
    ("GET", "/websites/stats/user"),
    ("GET", "/generations/history"),
    ("GET", "/generations/quota/check"),
    ("GET", "/keys"),
]


def code_of(answer: tuple[int, dict[str, object]]) -> tuple[int, object]:
    return answer[0], answer[1].get("code")


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_refused_until_the_account_is_resumed(place: Place, method: str, path: str) -> None:
    somebody: Member = member(place)
    suspend_account(place.services, somebody.user, by="ops")
    assert code_of(somebody.ask(method, path)) == (403, "account_suspended")
    resume_account(place.services, somebody.user, by="ops")
    assert somebody.ask(method, path)[0] == 200


@pytest.mark.usefixtures("calls")
def test_an_api_key_is_refused(place: Place) -> None:
    somebody = member(place)
    status, made = somebody.ask("POST", "/keys", {"name": "ci"})
    assert status == 201
    by_key = Member(somebody.user, made["key"])
    assert by_key.ask("GET", "/websites")[0] == 200
    suspend_account(place.services, somebody.user, by="ops")
    assert code_of(by_key.ask("GET", "/websites")) == (403, "account_suspended")


def test_signing_in_is_refused_only_with_the_right_password(place: Place) -> None:
    user = registered(place, password_hash=hashed("correct horse battery"))
    suspend_account(place.services, user, by="ops")
    with pytest.raises(Unauthenticated):
        sign_in(place.services, email=user.email, password="wrong", network="192.0.2.0/24")
    with pytest.raises(Forbidden, match="suspended"):
        sign_in(place.services, email=user.email, password="correct horse battery", network="192.0.2.0/24")


def test_suspension_cancels_generations_without_charge(place: Place) -> None:
    user = registered(place, "pro")
    generations = [started(place, user, with_website(place, user)) for _ in range(3)]
    assert suspend_account(place.services, user, by="ops") == 3
    for generation in generations:
        ended = place.generations.get(user.id, generation.id)
        assert ended is not None
        assert (ended.status, ended.error_code) == (Status.CANCELLED, "account_suspended")
    use = place.quotas.get(user.id, generations[0].month)
    assert use.taken == 0
    stored = place.users.get(user.id)
    assert stored is not None
    assert stored.running_count == stored.slots_taken == 0


def test_a_start_that_read_the_account_before_its_suspension_is_refused(place: Place) -> None:
    user = registered(place, "pro")
    website = with_website(place, user)
    suspend_account(place.services, user, by="ops")
    with pytest.raises(Forbidden, match="suspended"):
        started(place, user, website)
    assert list(place.generations.running_of(user.id)) == []


def test_operators_are_recorded(place: Place) -> None:
    user = registered(place)
    suspend_account(place.services, user, by="ann")
    suspend_account(place.services, user, by="bob")  # changes nothing
    resume_account(place.services, user, by="eve")
    assert [(record.event, record.by) for record in place.users.audit(user.id)][:2] == [
        ("account_resumed", "eve"),
        ("account_suspended", "ann"),
    ]


def test_no_mail_about_generations_is_sent(place: Place) -> None:
    user = registered(place)
    generation = started(place, user, with_website(place, user))
    suspend_account(place.services, user, by="ops")
    mail = OutboxMail(
        id="m1",
        user_id=user.id,
        kind=MailKind.GENERATION_FAILED,
        generation_id=generation.id,
        created_at=generation.created_at,
        due_at=generation.created_at,
    )
    place.outbox.put(mail)
    assert send_mail(place.services, user.id, mail.id) is False


def test_all_accounts_are_listed(place: Place) -> None:
    made = {registered(place).id for _ in range(3)}
    assert {user.id for user in place.users.all()} == made
