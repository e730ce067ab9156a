"""Schemathesis finds nothing: every answer is one that the OpenAPI text describes, and none is a fault of ours.

`make test` asks a part of it, the same each time; `make fuzz` asks everything, with a seed of its own each time.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.e2e.system import System
from tests.fuzz.running import fuzz

pytestmark = pytest.mark.e2e

# How many requests an operation gets; None asks the bounded part.
EXAMPLES = os.environ.get("LLMREADY_FUZZ_EXAMPLES")


def test_every_answer_is_as_described(system: System, tmp_path: Path) -> None:
    part = ("--phases", "examples,fuzzing,stateful", "--max-examples", "5", "--seed", "1", "--no-shrink")
    found = fuzz(system, tmp_path, *(("--max-examples", EXAMPLES) if EXAMPLES else part))
    sys.stdout.write(found.text)
    assert found.code == 0
    assert found.server_errors == 0
    assert found.cases >= (5000 if EXAMPLES else 150)
