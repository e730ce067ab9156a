"""Sign-up, confirmation, forgotten and changed passwords, and the end of sign-ins."""

import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.errors import Unauthenticated
from llmready.domain.mail_tokens import LIFETIMES, Purpose
from llmready.domain.passwords import hashed, matches
from llmready.usecases import recover_account, sign_in
from testkit.service import NEW, PASSWORD, Answer, Service, use


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json.get("code")) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_address_is_confirmed_once_by_its_mail(service: Service) -> None:
    ada = service.person("ada.confirms@example.org")
    assert not ada.ask("GET", "/auth/me").json["is_verified"]
    (mail,) = service.mails(ada.address)
    assert "confirm" in mail["Subject"]
    token = service.token_for(ada.address)
    assert f"https://api.example.com/api/v1/auth/verify-email#token={token}" in mail["BodyHtml"]
    assert token not in str(service.items())
    page = service.ask("GET", "/auth/verify-email")
    assert page.headers["Content-Type"].startswith("text/html")
    assert service.ask("POST", "/auth/verify-email", {"token": token}).status == 200
    assert ada.ask("GET", "/auth/me").json["is_verified"]
    refused(service.ask("POST", "/auth/verify-email", {"token": token}), 422, "bad_token")
    again = service.ask("POST", "/auth/resend-verification", {"email": ada.address})
    assert again.status == 200
    assert len(service.mails(ada.address)) == 1  # there is nothing to confirm any more


def test_confirmation_mail_can_be_sent_again(service: Service) -> None:
    ada = service.person("ada.asks.again@example.org")
    first = service.token_for(ada.address)
    assert service.ask("POST", "/auth/resend-verification", {"email": ada.address.upper()}).status == 200
    second = service.token_for(ada.address)
    assert first != second
    assert service.ask("POST", "/auth/verify-email", {"token": second}).status == 200


def test_a_forgotten_password_is_replaced(service: Service) -> None:
    ada = service.person("ada.forgets@example.org")
    laptop = service.signed_in(ada.address)
    assert service.ask("POST", "/auth/forgot-password", {"email": ada.address}).status == 200
    token = service.token_for(ada.address)
    assert token not in str(service.items())
    weak = {"token": token, "new_password": "Password1!"}
    refused(service.ask("POST", "/auth/reset-password", weak), 422, "password_too_common")
    body = {"token": token, "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200
    refused(service.ask("POST", "/auth/reset-password", body), 422, "bad_token")
    refused(service.login(ada.address), 401, "invalid_credentials")
    for old in (ada, laptop):
        refused(old.ask("GET", "/auth/me"), 401, "invalid_token")
        refused(old.refresh(), 401, "invalid_token")
    back = service.signed_in(ada.address, NEW)
    assert back.ask("GET", "/auth/me").json["is_verified"]
    assert back.refresh().status == 200
    assert "password was changed" in service.mails(ada.address)[-1]["Subject"]


def test_a_reset_invalidates_all_other_reset_tokens(service: Service) -> None:
    ada = service.person("ada.twice@example.org")
    tokens = []
    for _ in range(2):
        service.ask("POST", "/auth/forgot-password", {"email": ada.address})
        tokens.append(service.token_for(ada.address))
    assert (
        service.ask("POST", "/auth/reset-password", {"token": tokens[0], "new_password": NEW}).status == 200
    )
    refused(
        service.ask("POST", "/auth/reset-password", {"token": tokens[1], "new_password": PASSWORD}),
        422,
        "bad_token",
    )


def test_a_login_with_the_old_password_during_a_reset_opens_no_session(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login begins after the reset, and checks the password before the reset stores the new one."""
    ada = service.person("ada.resets.meanwhile@example.org")
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    token = service.token_for(ada.address)
    services = bootstrap.services()
    checked, was_reset = threading.Event(), threading.Event()
    logins: list[Future[object]] = []

    def matches_slowly(stored: str | None, password: str) -> bool:
        found = matches(stored, password)
        checked.set()
        assert was_reset.wait(30)
        return found

    def log_in() -> object:
        return sign_in.sign_in(services, email=ada.address, password=PASSWORD, network="192.0.2.0/24")

    with ThreadPoolExecutor(1) as thread:

        def hashed_meanwhile(password: str) -> str:
            logins.append(thread.submit(log_in))
            assert checked.wait(30)
            return hashed(password)

        monkeypatch.setattr(sign_in, "matches", matches_slowly)
        monkeypatch.setattr(recover_account, "hashed", hashed_meanwhile)
        recover_account.reset_password(services, token, NEW)
        was_reset.set()
        with pytest.raises(Unauthenticated):
            logins[0].result()
    user = services.users.get(ada.id)
    assert user is not None
    assert services.sessions.of_user(user, now()) == []


def test_password_change_keeps_the_confirmation_link_valid(service: Service) -> None:
    ada = service.person("ada.changes.first@example.org")
    confirm = service.token_for(ada.address)
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    reset = service.token_for(ada.address)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert ada.ask("POST", "/auth/change-password", body).status == 200
    body = {"token": reset, "new_password": PASSWORD}
    refused(service.ask("POST", "/auth/reset-password", body), 422, "bad_token")
    assert service.ask("POST", "/auth/verify-email", {"token": confirm}).status == 200
    assert ada.ask("GET", "/auth/me").json["is_verified"]


def test_a_changed_password_ends_the_other_sign_ins(service: Service) -> None:
    ada = service.person("ada.changes@example.org")
    laptop = service.signed_in(ada.address)
    body = {"current_password": "not the one", "new_password": NEW}
    refused(ada.ask("POST", "/auth/change-password", body), 403, "wrong_password")
    body = {"current_password": PASSWORD, "new_password": "12345678"}
    refused(ada.ask("POST", "/auth/change-password", body), 422, "password_too_common")
    assert ada.ask("GET", "/auth/me").status == laptop.ask("GET", "/auth/me").status == 200
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert ada.ask("POST", "/auth/change-password", body).status == 200
    assert ada.ask("GET", "/auth/me").status == 200
    assert ada.refresh().status == 200
    refused(laptop.ask("GET", "/auth/me"), 401, "invalid_token")
    refused(laptop.refresh(), 401, "invalid_token")
    refused(service.login(ada.address), 401, "invalid_credentials")
    assert service.login(ada.address, NEW).status == 200
    assert service.ask("POST", "/auth/change-password", body).status == 401


def test_wrong_current_passwords_lock_like_failed_logins(service: Service) -> None:
    ada = service.person("ada.guessed@example.org")
    body = {"current_password": "not the one", "new_password": NEW}
    for _ in range(9):
        refused(ada.ask("POST", "/auth/change-password", body), 403, "wrong_password")
    refused(service.login(ada.address, "not the one"), 401, "invalid_credentials")
    refused(service.login(ada.address), 429, "account_locked")
    refused(ada.ask("POST", "/auth/change-password", body), 429, "account_locked")


@pytest.mark.parametrize("path", ["forgot-password", "resend-verification", "register"])
def test_answers_do_not_reveal_known_addresses(service: Service, path: str) -> None:
    known, unknown = f"known.{path}@example.org", f"unknown.{path}@example.org"
    service.person(known)
    extra = {"password": NEW} if path == "register" else {}
    answers = [service.ask("POST", f"/auth/{path}", {"email": email, **extra}) for email in (known, unknown)]
    assert answers[0].body == answers[1].body
    assert [answer.status for answer in answers] in ([200, 200], [201, 201])
    assert set(answers[0].headers) == set(answers[1].headers)
    assert len(service.mails(unknown)) == (1 if path == "register" else 0)
    assert len(service.mails(known)) == 2


def test_second_sign_up_gets_a_password_reset_mail(service: Service) -> None:
    ada = service.person("ada.again@example.org")
    assert service.register(ada.address, NEW).status == 201
    mail = service.mails(ada.address)[-1]
    assert "already have" in mail["Subject"]
    body = {"token": service.token_for(ada.address), "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200
    assert service.login(ada.address, NEW).status == 200


def test_similar_domains_of_different_owners_have_different_accounts(service: Service) -> None:
    """The owner of strasse.example.com must not get the reset mail of an account at straße.example.com."""
    ada = service.person("ada@straße.example.com")
    ben = service.register("ada@strasse.example.com", NEW)
    assert ben.status == 201
    assert service.login("ada@strasse.example.com", NEW).status == 200
    assert service.login("ada@xn--strae-oqa.example.com").status == 200
    refused(service.login("ada@strasse.example.com"), 401, "invalid_credentials")
    assert ada.ask("GET", "/auth/me").json["email"] == "ada@straße.example.com"
    service.ask("POST", "/auth/forgot-password", {"email": "ada@straße.example.com"})
    subjects = [mail["Subject"] for mail in service.mails("ada@xn--strae-oqa.example.com")]
    assert len(subjects) == 2
    assert "password" in subjects[-1]
    assert len(service.mails("ada@strasse.example.com")) == 1  # the confirmation of its own account


def test_address_cannot_be_flooded_with_mails(service: Service) -> None:
    ada = service.person("ada.flooded@example.org")
    for number in range(12):
        answer = service.ask(
            "POST", "/auth/forgot-password", {"email": ada.address}, source=f"192.0.2.{number}"
        )
        assert answer.status == 200
    assert len(service.mails(ada.address)) == 5


def test_tokens_of_mails_expire(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = service.person("ada.late@example.org")
    verify = service.token_for(ada.address)
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    reset = service.token_for(ada.address)
    for purpose, path, body in (
        (Purpose.RESET_PASSWORD, "reset-password", {"token": reset, "new_password": NEW}),
        (Purpose.VERIFY_EMAIL, "verify-email", {"token": verify}),
    ):
        late = now() + LIFETIMES[purpose]
        use(monkeypatch, clock=lambda late=late: late)
        refused(service.ask("POST", f"/auth/{path}", body), 422, "bad_token")
    ttls = [int(item["ttl"]["N"]) for item in service.items() if item["sk"]["S"].startswith("TOKEN#")]
    assert len(ttls) == 2
    assert all(0 < ttl - now().timestamp() <= 3 * 86_400 for ttl in ttls)


@pytest.mark.parametrize(
    "token", ["x", "a" * 64, "ä" * 64, "-" * 64, "A" * 63 + "!", "a" * 4096, "0" * 63, "\x00" * 64]
)
def test_malformed_tokens_are_refused(service: Service, token: str) -> None:
    refused(service.ask("POST", "/auth/verify-email", {"token": token}), 422, "bad_token")
    body = {"token": token, "new_password": NEW}
    refused(service.ask("POST", "/auth/reset-password", body), 422, "bad_token")


def test_old_password_hashes_are_replaced_at_a_login(service: Service) -> None:
    ada = service.person("ada.rehashed@example.org")
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    user = service.place.users.get(ada.id)
    assert user is not None
    service.place.users.rehash(user, old)
    assert service.login(ada.address, "not the one").status == 401
    user = service.place.users.get(ada.id)
    assert user is not None
    assert user.password_hash == old
    assert service.login(ada.address).status == 200
    user = service.place.users.get(ada.id)
    assert user is not None
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", user.password_hash)
    assert service.login(ada.address).status == 200


def test_sign_up_mail_contains_no_user_text(service: Service) -> None:
    body = {"email": "victim@example.org", "password": PASSWORD, "full_name": "Win now at evil.example"}
    assert service.ask("POST", "/auth/register", body).status == 201
    (mail,) = service.mails("victim@example.org")
    assert "evil.example" not in mail["BodyText"] + mail["BodyHtml"] + mail["Subject"]
