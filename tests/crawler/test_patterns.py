"""Globs of include and exclude patterns: their matches and their running time."""

from __future__ import annotations

import fnmatch
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.patterns import Patterns
from testkit.crawler_program import call
from testkit.serving import serving

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


def test_slow_patterns_do_not_delay_the_end_of_a_crawl(tmp_path: Path) -> None:
    slow = "*" + "?a" * 98 + "b*"
    targets = [f"/{'a' * 1900}{number:04}" for number in range(1500)]
    patterns = Patterns(exclude=[slow] * 50)
    began = time.process_time()
    assert all(map(patterns.wants, targets[:20]))
    all_of_them = (time.process_time() - began) / 20 * len(targets)
    menu = "".join(f'<a href="{target}">x</a>' for target in targets)
    with serving({"/": f"<title>Start</title><main><p>Text of the start page.</p>{menu}</main>"}) as site:
        crawled = call(site.url, tmp_path, "--timeout", "2", "--exclude", ",".join([slow] * 50))
    # Matching takes about half a minute. The timeout of two seconds ends the crawl long before.
    assert crawled.last["code"] == "timeout", crawled.events
    assert crawled.seconds < max(10, all_of_them / 2)
