"""The services of a test: the parts that it uses, and placeholders for the others."""

from dataclasses import fields
from typing import Any

from llmready.adapters.metrics import EmbeddedMetrics
from llmready.domain.clock import now
from llmready.domain.crowds import Crowds
from llmready.domain.fingerprints import Fingerprints
from llmready.observability import logger
from llmready.services import Services
from llmready.settings import Settings

FINGERPRINT_KEY = "the key of fingerprints in tests"


class Absent:
    """Raises an error when it is called or when one of its methods is read.

    Args:
        name: Name of the replaced part.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this test has no {self._name}, but its attribute {name} was read")

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError(f"this test has no {self._name}, but it was called")


def services_with(**parts: Any) -> Services:
    """Return services with these parts; any other part fails the test when it is used."""
    absent = {field.name: Absent(field.name) for field in fields(Services)}
    usual = {
        "settings": Settings(),
        "clock": now,
        "log": logger,
        "metrics": EmbeddedMetrics(),
        "fingerprints": Fingerprints(lambda: FINGERPRINT_KEY),
        "crowds": Crowds(),
    }
    return Services(**{**absent, **usual, **parts})
