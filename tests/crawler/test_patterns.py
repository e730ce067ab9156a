"""Globs of include and exclude patterns: their matches and their running time."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.patterns import Patterns

PIECES = st.sampled_from(["a", "b", "/", "*", "?", "[ab]", "[!a]", "[", "]", "é", "-", "."])


@given(
    pattern=st.lists(PIECES, min_size=1, max_size=9).map("".join).map("/{}*".format),
    path=st.text(alphabet="ab/é-.[]", max_size=12).map("/{}".format),
)
def test_globs_match_as_fnmatch_does(pattern: str, path: str) -> None:
    expected = re.compile(fnmatch.translate(pattern)).match(path) is not None
    assert Patterns(include=[pattern]).wants(path) is expected


@pytest.mark.parametrize(
    "pattern", ["*" + "a" * 195 + "b", "*" + "?" * 100 + "a" * 90 + "b", "*a" * 99 + "b"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    patterns = Patterns(exclude=[pattern] * 50)
    paths = ["/" + "a" * 1900 + str(number) for number in range(20)]
    began = time.process_time()
    assert all(patterns.wants(path) for path in paths)
    # 1,000 matches; with regular expressions this took minutes.
    assert time.process_time() - began < 10
