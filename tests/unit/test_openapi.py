"""The committed OpenAPI text is the API's."""

from infra.openapi import OPENAPI_FILE, text


def test_it_has_not_drifted() -> None:
    assert OPENAPI_FILE.read_text() == text(), "run: python -m infra.openapi"
