import email.policy
import html as html_module
import re
import unicodedata
from html.parser import HTMLParser

import pytest

from llmready.domain.change_summary import ChangedPage, ChangeKind, ChangeSummary
from llmready.domain.mail import PREFERENCES, MailKind
from testkit.people import new_user
from tests.mail.eml import as_eml
from tests.mail.rendered import KINDS, PUBLIC_URL, TRANSACTIONAL, render

HOSTILE = '<b>"><img src=x onerror=alert(1)> &amp; {{ 7*7 }}{% raw'


class Parsed(HTMLParser):
    """The parts of a mail's HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)
        self.links += [str(value) for name, value in attributes if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if "style" not in self.open else ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_says_the_same_as_text_and_as_html(kind: MailKind) -> None:
    message = render(kind)
    html = Parsed(message.html)
    assert html.open == []
    assert message.subject
    assert "\n" not in message.subject
    assert "Hello Ada Lovelace," in html.text
    assert "Hello Ada Lovelace," in message.text
    for link in html.links:
        assert link.startswith(f"{PUBLIC_URL}/")
        assert link in message.text
    assert re.findall(r"https://api\S+", message.text) == list(dict.fromkeys(html.links))
    assert not re.search(r"\n{4,}|[{}]|None", message.text)
    assert max(len(line) for line in message.text.splitlines() if "://" not in line) <= 140


@pytest.mark.parametrize("kind", KINDS)
def test_user_text_stays_text(kind: MailKind) -> None:
    user = new_user(full_name=HOSTILE, is_verified=True)
    message = render(kind, user=user, name=HOSTILE, error=HOSTILE, url=f"https://e.example/{HOSTILE}")
    plain = render(kind)
    html = Parsed(message.html)
    assert html.tags == Parsed(plain.html).tags
    for text in (html.text, message.text):
        assert "><img src=x onerror=alert(1)> &amp; {{ 7*7 }}{% raw" in text
    assert "49" not in message.subject


LINKS = (
    *(
        "https://evil.example/x",
        "HTTP://evil.example",
        "www.evil.example",
        "evil.example",
        "evil.example/login",
    ),
    *(
        "evil\uff0eexample",
        "evil\u3002example",
        "evil\uff61example",
        "evil\u2024example",
        "ftp://evil.example",
        "//evil.example",
    ),
    *("me@evil.example", "mailto:me@evil.example", "javascript:alert(1)", "evil.example.", "(evil.example)"),
    *("https:/\\evil.example", "203.0.113.7", "[2001:db8::1]", "evil.example:8080", "tel:+4912345"),
)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("kind", KINDS)
def test_user_text_makes_no_link(kind: MailKind, link: str) -> None:
    hostile = f"You won {link} claim now"
    user = new_user(full_name=hostile, is_verified=True)
    url = "https://docs.example.com/You-won/claim?now=1"
    message = render(kind, user=user, name=hostile, error=hostile, url=url)
    for text in (message.subject, message.text, message.html):
        normal = unicodedata.normalize("NFKC", text)
        assert "evil" not in normal
        for part in (link, "203.0.113", "2001:db8", "+49", "alert(1)", "You-won"):
            assert part not in text, part
    assert "You won claim now" in message.text
    assert "won" not in message.subject


@pytest.mark.parametrize("kind", KINDS)
def test_user_text_is_shortened(kind: MailKind) -> None:
    long = "word " * 1000
    message = render(kind, user=new_user(full_name=long, is_verified=True), name=long, error=long)
    assert message.text.count("word") <= 12 + 12 + 50
    assert len(message.subject) <= 250


def test_names_are_quoted_as_data() -> None:
    for kind in (MailKind.GENERATION_COMPLETE, MailKind.GENERATION_FAILED):
        message = render(kind, name='Say "yes" to “us”')
        assert "“Say 'yes' to 'us'”" in message.text
        assert "“Say 'yes' to 'us'”" in html_module.unescape(message.html)


def test_file_names_of_our_own_sentences_are_shown() -> None:
    message = render(MailKind.GENERATION_FAILED)
    assert "The site's robots.txt does not allow us" in message.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_website_is_named_by_its_host(kind: MailKind) -> None:
    message = render(kind, name="Some name", url="https://docs.example.com/handbook")
    if kind.value.startswith("generation_"):
        assert message.subject.startswith("docs.example.com: ")
    assert "Some name" not in message.subject


@pytest.mark.parametrize(
    "name", ["x\r\nBcc: victim@example.com", "x\nX-Evil: 1\n\nbody", "x\u2028Bcc: y@z.example"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_adds_a_header(kind: MailKind, name: str) -> None:
    message = render(kind, user=new_user(full_name=name, is_verified=True), name=name)
    assert len(message.subject.splitlines()) == 1
    parsed = email.message_from_bytes(as_eml(message), policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert parsed["X-Evil"] is None
    assert parsed["To"].addresses[0].addr_spec == message.to


def test_unconfirmed_users_name_is_not_in_mails() -> None:
    user = new_user(full_name="Win at https://evil.example", is_verified=False)
    for kind in KINDS:
        message = render(kind, user=user)
        assert "evil" not in message.html + message.text + message.subject


@pytest.mark.parametrize("kind", KINDS)
def test_mails_that_can_be_turned_off_have_an_unsubscribe_link(kind: MailKind) -> None:
    message = render(kind)
    if kind in TRANSACTIONAL:
        assert message.headers == {}
        assert "Unsubscribe" not in message.html + message.text
        return
    url = message.unsubscribe_url
    assert url is not None
    assert message.headers == {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert f"Unsubscribe from these mails: {url}" in message.text
    assert url in message.html
    assert "Unsubscribe from these mails" in message.html


def test_account_mails_cannot_be_unsubscribed() -> None:
    assert set(PREFERENCES) == {
        MailKind.GENERATION_COMPLETE,
        MailKind.GENERATION_FAILED,
        MailKind.QUOTA_RESET,
        MailKind.SCHEDULE_STOPPED,
        MailKind.SCHEDULE_SKIPPED,
    }


def test_a_long_name_leaves_a_subject_that_is_short_enough() -> None:
    assert len(render(MailKind.GENERATION_COMPLETE, name="ä" * 200).subject) <= 250


def test_the_mail_of_a_scheduled_run_lists_the_changes() -> None:
    titles = ["Getting started", *(f"Page {n}" for n in range(8)), "Click evil.example/login now"]
    pages = [ChangedPage(kind=ChangeKind.CHANGED, title=title) for title in titles]
    message = render(
        MailKind.GENERATION_COMPLETE, summary=ChangeSummary(changed=10, new=1, gone=2, pages=pages)
    )
    html = Parsed(message.html)
    for text in (html.text, message.text):
        assert "10 pages changed, 1 is new, 2 are gone." in text
        assert "changed: “Getting started”" in text
        assert "changed: “Click now”" in text
        assert "and 3 more" in text
        assert "evil.example" not in text


def test_the_mail_of_a_manual_run_lists_no_changes() -> None:
    message = render(MailKind.GENERATION_COMPLETE)
    assert "changed" not in message.text + message.html
