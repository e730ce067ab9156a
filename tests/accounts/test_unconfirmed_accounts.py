"""What the mail about a new password says about API keys and webhooks, which a new password does not delete."""

from collections.abc import Callable

import pytest

from testkit.service import NEW, PASSWORD, Member, Service

SetUp = Callable[..., Service]
WARNING = "created before the address was confirmed"


def with_access(member: Member, *, keys: int, webhooks: int) -> None:
    """Create API keys, active webhooks and one disabled webhook."""
    for number in range(keys):
        assert member.ask("POST", "/keys", {"name": f"CI {number}"}).status == 201
    made = [
        member.ask("POST", "/webhooks", {"url": f"https://hooks.example.org/{number}"})
        for number in range(webhooks + 1)
    ]
    assert [answer.status for answer in made] == [201] * (webhooks + 1)
    disabled = member.ask("PATCH", f"/webhooks/{made[0].json['id']}", {"is_active": False})
    assert disabled.status == 200


def reset(service: Service, address: str) -> None:
    body = {"token": service.token_for(address), "new_password": NEW}
    assert service.ask("POST", "/auth/reset-password", body).status == 200


def last_mail(service: Service, address: str) -> tuple[str, str]:
    """Return the text and the HTML of the newest mail, each with single spaces."""
    mail = service.mails(address)[-1]
    assert "password was changed" in mail["Subject"]
    return " ".join(mail["BodyText"].split()), " ".join(mail["BodyHtml"].split())


@pytest.mark.parametrize(
    ("web_app", "pages"),
    [
        (True, ("https://api.example.com/account/keys", "https://api.example.com/account/webhooks")),
        (
            False,
            ("https://api.example.com/api/v1/docs#/keys", "https://api.example.com/api/v1/docs#/webhooks"),
        ),
    ],
    ids=["web app", "API alone"],
)
def test_the_first_reset_of_an_unconfirmed_account_names_its_keys_and_webhooks(
    set_up: SetUp, *, web_app: bool, pages: tuple[str, str]
) -> None:
    """A stranger may have signed up with the address of somebody else."""
    service = set_up(web_app=web_app)
    stranger = service.person("owner.of.address@example.org")
    with_access(stranger, keys=1, webhooks=2)
    assert service.register(stranger.address, NEW).status == 201
    reset(service, stranger.address)
    for body in last_mail(service, stranger.address):
        assert "1 API key and 2 active webhooks" in body
        assert WARNING in body
        assert "Delete each one that you did not create" in body
        for page in pages:
            assert page in body
    # The contract of the API keeps them: the owner must decide.
    owner = service.signed_in(stranger.address, NEW)
    assert len(owner.ask("GET", "/keys").json["items"]) == 1
    # From now on, the address is confirmed.
    change = {"current_password": NEW, "new_password": PASSWORD}
    assert owner.ask("POST", "/auth/change-password", change).status == 200
    for body in last_mail(service, stranger.address):
        assert WARNING not in body
        assert "1 API key that" in body


@pytest.mark.parametrize(
    ("keys", "webhooks", "told"),
    [(2, 0, "2 API keys that"), (0, 1, "1 active webhook that"), (0, 0, None)],
    ids=["keys", "a webhook", "nothing"],
)
def test_the_warning_names_only_what_exists(
    service: Service, keys: int, webhooks: int, told: str | None
) -> None:
    ada = service.person(f"ada.{keys}.{webhooks}@example.org")
    with_access(ada, keys=keys, webhooks=webhooks)
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    reset(service, ada.address)
    for body in last_mail(service, ada.address):
        assert (WARNING in body) == (told is not None)
        assert told is None or f"Your account has {told}" in body
        assert ("API key" in body) == (keys > 0)
        assert ("webhook" in body) == (webhooks > 0)


def test_the_mail_to_a_confirmed_account_names_keys_and_active_webhooks(service: Service) -> None:
    ada = service.person("ada.confirmed@example.org")
    assert service.ask("POST", "/auth/verify-email", {"token": service.token_for(ada.address)}).status == 200
    with_access(ada, keys=1, webhooks=2)
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    reset(service, ada.address)
    for body in last_mail(service, ada.address):
        assert WARNING not in body
        assert "your account has 1 API key that can be used without the password" in body
        assert "your account has 2 active webhooks" in body
