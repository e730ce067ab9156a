from pathlib import Path

import pytest

from infra.local.failure import LocalError
from infra.local.settings import read_settings


def test_environment_of_functions_and_workers() -> None:
    settings = read_settings(
        "8123",
        Path(".local"),
        {
            "LLMREADY_CRAWL_ALLOW": " 127.0.0.1:8080, [::1]:80 ,",
            "LLMREADY_STARTS_PER_MINUTE": "5",
            "LLMREADY_TABLE": "somebody-elses",
        },
    )
    assert settings.passed_on == {
        "LLMREADY_PUBLIC_URL": "http://localhost:8123",
        "LLMREADY_WEB_APP": "true",
        "LLMREADY_SESSION_COOKIE": "llmready-8123",
        "LLMREADY_CRAWL_ALLOW": "127.0.0.1:8080,[::1]:80",
        "LLMREADY_STARTS_PER_MINUTE": "5",
    }


@pytest.mark.parametrize(
    ("port", "environment", "sentence"),
    [
        ("0", {}, "The port is '0'; it must be a number from 1 to 65535."),
        ("http", {}, "The port is 'http'; it must be a number from 1 to 65535."),
        ("70000", {}, "The port is '70000'; it must be a number from 1 to 65535."),
        (
            "8000",
            {"LLMREADY_CRAWL_ALLOW": "localhost"},
            "LLMREADY_CRAWL_ALLOW contains 'localhost'; each entry must be HOST:PORT, such as 127.0.0.1:8080.",
        ),
        (
            "8000",
            {"LLMREADY_CRAWL_ALLOW": "x/y:80"},
            "LLMREADY_CRAWL_ALLOW contains 'x/y:80'; each entry must be HOST:PORT, such as 127.0.0.1:8080.",
        ),
        (
            "8000",
            {"LLMREADY_LOGINS_PER_MINUTE": "-1"},
            "LLMREADY_LOGINS_PER_MINUTE is '-1'; it must be a whole number from 1 to 1000000.",
        ),
        (
            "8000",
            {"LLMREADY_LEASE_SECONDS": "1"},
            "LLMREADY_LEASE_SECONDS is '1'; it must be a whole number from 3 to 900.",
        ),
    ],
)
def test_invalid_settings_are_explained_in_one_sentence(
    port: str, environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(LocalError) as error:
        read_settings(port, Path(".local"), environment)
    assert str(error.value) == sentence
