"""Schemathesis finds no problems: the OpenAPI document describes every answer, and no answer is a server error.

`make test` sends a part of the requests, the same in each run. `make fuzz` sends all of them, with a new seed in each
run.
"""

import os
import sys
from pathlib import Path

import pytest

from testkit.system import System
from tests.fuzz.running import Outcome, fuzz

pytestmark = pytest.mark.e2e

# Number of requests per operation; None sends the short selection.
EXAMPLES = os.environ.get("LLMREADY_FUZZ_EXAMPLES")
WALKS, MOST_ROUNDS = 100, 8


def test_every_answer_is_as_described(system: System, tmp_path: Path) -> None:
    if EXAMPLES is None:
        part = ("--phases", "examples,fuzzing,stateful", "--max-examples", "5", "--seed", "1", "--no-shrink")
        assert nothing_found(system, tmp_path / "part", *part).cases >= 150
        return
    assert nothing_found(system, tmp_path / "all", "--max-examples", EXAMPLES).cases >= 5000
    # A round ends early if equal requests get different answers, for example because a name is already used.
    walks, rounds = 0, 0
    while walks < WALKS:
        assert rounds < MOST_ROUNDS
        more = ("--phases", "stateful", "--max-examples", EXAMPLES)
        walks += nothing_found(system, tmp_path / f"walks{rounds}", *more).walks
        rounds += 1


def nothing_found(system: System, folder: Path, *options: str) -> Outcome:
    folder.mkdir()
    found = fuzz(system, folder, *options)
    sys.stdout.write(found.text)
    assert found.code == 0
    assert found.server_errors == 0
    return found
