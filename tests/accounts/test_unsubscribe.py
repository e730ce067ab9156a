"""The unsubscribe link of mails, and the one-click request of mail programs."""

import re

from llmready.domain.generation import Failure
from llmready.usecases.end_generation import fail_generation
from testkit.people import started, with_website
from testkit.service import Member, Service

FAILURE = Failure(code="dns_failure", message="The website's name is not known.")
FORM = {"content-type": "application/x-www-form-urlencoded"}


def a_generation_fails(service: Service, member: Member) -> None:
    place = service.place
    user = place.users.get(member.id)
    assert user is not None
    if not user.is_verified:
        body = {"token": service.token_for(member.address)}
        assert service.ask("POST", "/auth/verify-email", body).status == 200
    generation = started(place, user, with_website(place, user))
    fail_generation(place.services, generation, FAILURE)


def test_one_click_ends_these_mails_and_no_others(service: Service) -> None:
    ada = service.person("ada.unsubscribe@example.org")
    a_generation_fails(service, ada)
    mail = service.mails(ada.address)[-1]
    (link,) = set(
        re.findall(r"https://api\.example\.com/api/v1(/auth/unsubscribe\?token=\S+)", mail["BodyText"])
    )

    # Opening the page, as a link scanner does, changes nothing.
    assert service.ask("GET", link).status == 200
    assert ada.ask("GET", "/auth/me").json["mail_preferences"]["generations"] is True
    for _ in range(2):
        answer = service.ask("POST", link, "List-Unsubscribe=One-Click", headers=FORM)
        assert answer.status == 200, answer.body
        assert ada.ask("GET", "/auth/me").json["mail_preferences"] == {
            "generations": False,
            "quota_reset": False,
        }

    before = len(service.mails(ada.address))
    a_generation_fails(service, ada)
    assert len(service.mails(ada.address)) == before
    assert service.ask("POST", "/auth/forgot-password", {"email": ada.address}).status == 200
    assert len(service.mails(ada.address)) == before + 1

    wanted = {"mail_preferences": {"generations": True}}
    assert ada.ask("PATCH", "/auth/me", wanted).status == 200
    a_generation_fails(service, ada)
    assert len(service.mails(ada.address)) == before + 2


def test_invalid_link_unsubscribes_nothing(service: Service) -> None:
    ada = service.person("ada.forged@example.org")
    for token in ("x", "a.b.c", str(ada.tokens["access_token"]), str(ada.tokens["refresh_token"])):
        answer = service.ask(
            "POST", f"/auth/unsubscribe?token={token}", "List-Unsubscribe=One-Click", headers=FORM
        )
        assert answer.status == 401
    assert service.ask("POST", "/auth/unsubscribe", headers=FORM).status == 422
    assert ada.ask("GET", "/auth/me").json["mail_preferences"]["generations"] is True
