"""Names that are not ASCII are unchanged in emails: from the API through the outbox and SES to the file."""

import email
import email.policy
import unicodedata
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, cast

import pytest

from infra.local.mailbox import as_message
from llmready.adapters.mail.addresses import encoded_address
from llmready.adapters.mail.sendgrid import SendgridMailer
from llmready.domain.generation import Failure
from llmready.domain.mail import MailKind, Message
from llmready.usecases.end_generation import fail_generation
from testkit.people import started
from testkit.service import Service
from tests.mail.provider import running_sendgrid

NAMES = (
    "Zoë Ångström-Łukasiewicz",
    "Ольга Иванова",
    "山田\u3000太郎",  # with an ideographic space
    "ﾔﾏﾀﾞ ﾀﾛｳ \uff21\uff22\uff23",  # half-width and full-width letters
    "محمد عبد الله",
    "नेपाल समाचार",
    "ﬁne ﬂow № ① ™ ½",  # characters that a compatibility form would replace
    "Nguye\u0302\u0303n",  # typed with combining characters
    "J.R.R. Tolkien, C. S. Lewis",
    "AC/DC",
    "Smile 😀 and 👍🏽",
    "O'Brien & Söhne <Büro>",
    "=?utf-8?q?not_a_header?=",
    "ß" * 60,
)


def arrived(sent: dict[str, Any]) -> EmailMessage:
    """Return a mail that SES accepted as a mail program reads it from the bytes of its file."""
    raw = bytes(as_message(sent, datetime(2026, 1, 1, tzinfo=UTC)))
    assert max(map(len, raw.splitlines())) <= 998
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_names_arrive_as_they_were_typed(service: Service) -> None:
    ada = service.person("ada@bücher.example.org")
    encoded = "ada@xn--bcher-kva.example.org"
    token = service.token_for(encoded)
    assert service.ask("POST", "/auth/verify-email", {"token": token}).status == 200
    site = ada.ask("POST", "/websites", {"url": "https://münchen.de/straße"})
    assert (site.status, site.json["url"]) == (201, "https://xn--mnchen-3ya.de/stra%C3%9Fe")
    for number, name in enumerate(NAMES):
        assert ada.ask("PATCH", "/auth/me", {"full_name": name}).status == 200
        changed = ada.ask("PATCH", f"/websites/{site.json['id']}", {"name": name})
        composed = unicodedata.normalize("NFC", name)
        assert (changed.status, changed.json["name"]) == (200, composed)
        user, website = service.place.websites.get_for_user(ada.id, site.json["id"])
        assert user is not None
        assert website is not None
        failure = Failure(code="dns_failure", message="The name is not known.")
        fail_generation(service.place.services, started(service.place, user, website), failure)
        sent = service.mails(encoded)
        assert len(sent) == 2 + number
        mail = arrived(sent[-1])
        text = cast("EmailMessage", mail.get_body(("plain",))).get_content()
        assert f"Hello {composed}," in text
        assert f"Website:   “{composed}”" in text
        assert mail["To"].addresses == (Address(addr_spec=encoded),)
        # The host is named in the form in which lookalikes differ.
        assert mail["Subject"] == "xn--mnchen-3ya.de: the generation failed"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("josé@example.org", "the part before the @ must be ASCII"),
        ("用户@例子.公司", "the part before the @ must be ASCII"),
        ("ada@exa mple.org", "not a valid email address"),
        ("ada@☃.example", "not a valid email address"),
        ("ada\u202e@example.org", "unsafe characters"),
    ],
)
def test_an_address_that_gets_no_mail_is_refused_with_the_reason(
    service: Service, address: str, reason: str
) -> None:
    answer = service.register(address)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "email")
    assert reason in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    "name", [*NAMES, "株式会社" * 30, "Büro, Nord", 'Büro "Süd"', "Büro (Süd)", "LLMReady, Inc."]
)
@pytest.mark.parametrize("quoted", [True, False])
def test_the_name_of_the_sender_arrives_as_configured(name: str, *, quoted: bool) -> None:
    typed = '"' + name.replace('"', '\\"') + '"' if quoted else name
    sender = f"{typed} <no-reply@bücher.example>"
    encoded = encoded_address(sender)
    assert encoded.isascii()
    assert all(len(word) <= 75 for word in encoded.split())
    shown, address = parseaddr(encoded)
    assert (str(make_header(decode_header(shown))), address) == (name, "no-reply@xn--bcher-kva.example")
    with running_sendgrid() as sendgrid:
        message = Message(
            kind=MailKind.GENERATION_FAILED, to="ada@bücher.example", subject="x", text="x", html="x"
        )
        SendgridMailer("key", sender, sendgrid.url).send(message, mail_id="1")
    ((_, _, sent),) = sendgrid.received
    assert sent["from"] == {"email": "no-reply@xn--bcher-kva.example", "name": name}
    assert sent["personalizations"][0]["to"] == [{"email": "ada@xn--bcher-kva.example"}]
