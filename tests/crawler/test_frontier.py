"""The frontier: order, limits, and restoring its state from a checkpoint."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.crawler.engine.candidate import Candidate
from llmready.crawler.engine.frontier import Frontier
from llmready.crawler.engine.setbacks import MOST_WASTED
from llmready.crawler.urls import Url, parse
from llmready.patterns import Patterns

START = parse("https://example.com/")


def url(path: str) -> Url:
    return parse(f"https://example.com{path}")


def frontier(max_pages: int = 10) -> Frontier:
    made = Frontier(START, Patterns(), max_pages)
    made.succeed(made.begin())
    return made


def drain(made: Frontier) -> list[str]:
    taken = []
    while (candidate := made.take()) is not None:
        taken.append(candidate.url.target)
        made.succeed(candidate)
    return taken


def test_urls_are_ordered_by_depth_and_priority() -> None:
    made = frontier()
    made.offer([url("/z"), url("/b?x=1"), url("/a")], depth=1)
    made.offer([url("/z")], depth=1)
    made.offer([url("/deep")], depth=2)
    made.offer([url("/named")], depth=1, priority=0.9)
    assert drain(made) == ["/named", "/z", "/a", "/b?x=1", "/deep"]
    assert made.finished


def test_failed_page_does_not_count_towards_the_limit() -> None:
    made = frontier(max_pages=3)
    made.offer([url(f"/{number}") for number in range(9)], depth=1)
    first, second = made.take(), made.take()
    assert first is not None
    assert second is not None
    assert made.take() is None, "no more is fetched than can be kept"
    made.fail(first)
    third = made.take()
    assert third is not None
    made.succeed(second)
    made.succeed(third)
    assert made.finished
    assert (made.crawled, made.failed, made.total) == (3, 1, 4)


def test_next_depth_waits_for_the_previous_one() -> None:
    made = frontier()
    made.offer([url("/a"), url("/b")], depth=1)
    first, second = made.take(), made.take()
    assert first is not None
    assert second is not None
    made.offer([url("/c")], depth=2)
    made.succeed(first)
    assert made.take() is None
    made.open_level()
    early = made.take()
    assert early is not None
    assert early.url == url("/c")


def test_page_is_retried_three_times_at_most() -> None:
    made = frontier()
    made.offer([url("/a")], depth=1)
    for again in (True, True, False):
        candidate = made.take()
        assert candidate is not None
        assert made.retry(candidate) is again
        if not again:
            made.fail(candidate)
    assert made.finished


def test_redirect_target_replaces_a_page_once() -> None:
    made = frontier()
    made.offer([url("/old"), url("/older"), url("/new")], depth=1)
    old, older = made.take(), None
    made.open_level()
    assert old is not None
    # /new waits in the queue of this level already.
    assert made.replace(old, url("/new"), hops=1) is False
    assert made.replace(old, url("/newer"), hops=1) is True
    older = made.take()
    assert older is not None
    assert (older.url, older.hops) == (url("/newer"), 1)


def test_redirect_to_a_waiting_page_starts_its_own_count() -> None:
    made = frontier()
    made.offer([url("/old")], depth=1)
    old = made.take()
    assert old is not None
    made.offer([url("/list")], depth=2, source="/")
    assert made.replace(old, url("/list"), hops=20) is True
    taken = made.take()
    assert taken is not None
    assert (taken.url, taken.hops) == (url("/list"), 0)


def _waste(made: Frontier) -> None:
    candidate = made.take()
    assert candidate is not None
    candidate.size = MOST_WASTED
    made.shares.setbacks.wasted(candidate)
    made.skip(candidate)


def test_a_large_level_is_put_last_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    made = frontier()
    made.offer([url(f"/b{number}") for number in range(5000)], depth=1, source="a")
    _waste(made)
    ranked = 0
    rank = Frontier._rank

    def counted(self: Frontier, candidate: Candidate) -> tuple[object, ...]:
        nonlocal ranked
        ranked += 1
        return rank(self, candidate)

    monkeypatch.setattr(Frontier, "_rank", counted)
    taken = made.take()
    assert taken is not None
    assert taken.is_last
    assert ranked < 3 * 5000


def test_pages_of_a_sitemap_keep_their_turn_after_copies() -> None:
    made = frontier()
    made.offer([url(f"/b{number}") for number in range(100)], depth=1)
    _waste(made)
    made.offer([url("/deep")], depth=2, source="a")
    candidate = made.take()
    assert candidate is not None
    assert candidate.url.target.startswith("/b")
    assert not candidate.is_last


def test_patterns_exclude_pages() -> None:
    made = Frontier(START, Patterns(exclude=["/private"]), 10)
    made.succeed(made.begin())
    assert made.offer([url("/private/x"), url("/open")], depth=1) == [url("/open")]
    assert drain(made) == ["/open"]


actions = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 30), st.integers(1, 4)),
        st.tuples(
            st.sampled_from(["succeed", "fail", "skip", "retry", "replace"]), st.integers(0, 30), st.just(0)
        ),
        st.tuples(st.sampled_from(["take", "open"]), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(actions, st.integers(1, 8))
def test_counters_stay_consistent_in_any_order(steps: list[tuple[str, int, int]], max_pages: int) -> None:
    made = Frontier(START, Patterns(), max_pages)
    flying: list[Candidate] = [made.begin()]
    last_total = 0
    fetched: list[str] = ["/"]
    for step, number, depth in steps:
        if step == "offer":
            made.offer([url(f"/{number}"), url(f"/{number + 1}")], depth)
        elif step == "open":
            made.open_level()
        elif step == "take":
            candidate = made.take()
            if candidate is not None:
                flying.append(candidate)
                if candidate.attempts == 0:
                    fetched.append(candidate.url.key)
        elif flying:
            candidate = flying.pop(number % len(flying))
            if step == "replace":
                made.replace(candidate, url(f"/{number}"), 1)
            elif step != "retry" or not made.retry(candidate):
                getattr(made, "fail" if step == "retry" else step)(candidate)
        assert made.crawled <= max_pages
        assert made.total >= max(last_total, made.crawled + made.failed)
        last_total = made.total
        again = Frontier.restored(json.loads(json.dumps(made.state())), Patterns())
        assert again.state() == made.state()
        assert (again.crawled, again.failed, again.total) == (made.crawled, made.failed, made.total)
    assert len(fetched) == len(set(fetched)), "no page comes twice"


def test_unfinished_requests_are_repeated_after_resume() -> None:
    made = frontier()
    made.offer([url("/a"), url("/b")], depth=1)
    assert made.take() is not None
    again = Frontier.restored(made.state(), Patterns())
    assert drain(again) == ["/a", "/b"]
