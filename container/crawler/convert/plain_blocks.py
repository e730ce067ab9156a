"""Rewrites the HTML blocks that Markdown has no form for, before they would stay as raw HTML in it."""

from __future__ import annotations

import re

_NEEDED = re.compile(r"<(?:dl|dt|dd|details|summary)[\s>]", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(dl|dt|dd|details|summary)(?=[\s>])")
_OPENING = {"dl": "<div", "dt": "<p", "dd": "<ul><li", "details": "<div", "summary": "<p"}
_CLOSING = {"dl": "</div", "dt": "</p", "dd": "</li></ul", "details": "</div", "summary": "</p"}


def has_unplain_blocks(html: str) -> bool:
    """Say whether a page has definition lists or foldable blocks."""
    return _NEEDED.search(html) is not None


def with_plain_blocks(serialised: str) -> str:
    """Turn terms into paragraphs, definitions into list items below them, and unfold what is folded.

    Parameters: `serialised`, HTML as a parser wrote it: every element closed, names in lower case, text
    escaped. Where authors leave out end tags, a definition would otherwise swallow the next.
    """
    return _TAG.sub(lambda tag: (_CLOSING if tag[1] else _OPENING)[tag[2]], serialised)
