"""Join the states of a page that shows its texts one after the other."""

from __future__ import annotations

import pytest

from llmready.crawler import deadline
from llmready.crawler.browser import merging
from llmready.crawler.browser.merging import States


def state(*texts: str) -> str:
    return f"<body><h1>Loaves</h1><ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul><p>End</p>"


def test_new_texts_are_added_to_the_element_at_the_same_place() -> None:
    states = States(state("one", "two"))
    assert states.add(state("two", "three", "four"))
    assert "<li>two</li><li>three</li><li>four</li></ul>" in states.html
    assert not states.add(state("three"))


def test_comments_between_elements_do_not_change_the_place() -> None:
    states = States("<body><!-- a --><p>Head</p><!-- b --><ul><li>one</li><li>two</li></ul>")
    assert states.add("<body><!-- a --><p>Head</p><!-- b --><ul><li>two</li><li>three</li></ul>")
    assert "<li>two</li><li>three</li></ul>" in states.html


def test_states_that_take_too_long_keep_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    states = States(state("one"))
    assert states.add(state("two"))

    def never_ends(html: str) -> None:
        while html:
            pass

    monkeypatch.setattr(merging, "_read", never_ends)
    monkeypatch.setattr(deadline, "SECONDS", 0.1)
    assert not states.add(state("three"))
    assert "two" in states.html
    assert "three" not in states.html


def test_all_states_together_take_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "SECONDS", 1e-9)
    states = States(state("one"))
    assert not states.can_join
    assert not states.add(state("two"))
    assert "two" not in states.html
