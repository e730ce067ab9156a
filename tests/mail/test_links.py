"""Links in emails of stages with and without the web app."""

import pytest

from llmready.adapters.mail.links import Links
from llmready.domain.mail_tokens import Purpose

WITH = Links("https://app.example.com", web_app=True)
WITHOUT = Links("https://api.example.com", web_app=False)


@pytest.mark.parametrize(
    ("purpose", "screen", "page"),
    [
        (Purpose.VERIFY_EMAIL, "/confirm", "/api/v1/auth/verify-email"),
        (Purpose.RESET_PASSWORD, "/reset-password", "/api/v1/auth/reset-password"),
    ],
)
def test_one_use_links_open_the_app_or_the_page_of_the_api(purpose: Purpose, screen: str, page: str) -> None:
    assert WITH.one_use(purpose, "T") == f"https://app.example.com{screen}#token=T"
    assert WITHOUT.one_use(purpose, "T") == f"https://api.example.com{page}#token=T"


def test_mail_programs_unsubscribe_at_the_api_and_people_in_the_app() -> None:
    assert WITH.one_click_unsubscribe("a.b") == "https://app.example.com/api/v1/auth/unsubscribe?token=a.b"
    assert WITH.unsubscribe("a.b") == "https://app.example.com/unsubscribe#token=a.b"
    assert WITHOUT.unsubscribe("a.b") == "https://api.example.com/api/v1/auth/unsubscribe?token=a.b"


def test_people_download_in_the_app_and_programs_at_the_api() -> None:
    assert WITH.download_page("G", "a.b") == "https://app.example.com/download/G#token=a.b"
    assert WITH.download("G", "a.b") == "https://app.example.com/api/v1/generations/G/download?token=a.b"
    assert WITHOUT.download_page("G", "a.b") == WITHOUT.download("G", "a.b")
