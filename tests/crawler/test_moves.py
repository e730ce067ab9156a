"""Loops of redirects are recognised."""

from llmready.crawler.engine.moves import Moves
from llmready.crawler.urls import parse


def test_only_the_move_that_closes_a_loop_is_reported() -> None:
    a, b, c, d = (parse(f"https://bakery.example/{name}") for name in "abcd")
    moves = Moves()
    assert not moves.make_circle(a, b)
    assert not moves.make_circle(b, c)
    assert moves.make_circle(c, a)
    assert not moves.make_circle(d, a)
    assert moves.make_circle(d, d)
