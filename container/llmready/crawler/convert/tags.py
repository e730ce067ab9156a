"""Find the text in raw HTML, without tags, comments, scripts and styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(rb"</?([A-Za-z][^\s/>]{0,40})|<!--|<[!?]")
_WITHOUT_TEXT = frozenset(
    {b"script", b"style", b"template", b"iframe", b"noscript", b"textarea", b"title", b"xmp"}
)


def text_spans(html: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges of text in raw HTML. Takes linear time."""
    position = 0
    while (tag := _TAG.search(html, position)) is not None:
        if position < tag.start():
            yield position, tag.start()
        if tag[0] == b"<!--":
            end, closing = html.find(b"-->", tag.end()), 3
        else:
            end, closing = html.find(b">", tag.end()), 1
        if end < 0:
            return
        position = end + closing
        name = (tag[1] or b"").lower()
        if name in _WITHOUT_TEXT and not tag[0].startswith(b"</"):
            closed = re.compile(rb"</" + name + rb"\b", re.IGNORECASE).search(html, position)
            if closed is None:
                return
            position = closed.start()
    if position < len(html):
        yield position, len(html)
