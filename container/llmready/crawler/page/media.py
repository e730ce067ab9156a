"""What an answer is: a page in HTML, a page in Markdown or plain text, or nothing for us."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.fetch.client import Response

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MARKDOWN = frozenset({"text/markdown", "text/x-markdown"})
_UNNAMED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_MARKDOWN_PATH = re.compile(r"\.(?:md|markdown|mdown)$", re.IGNORECASE)
_LOOKED_AT = 1024


class Media(Enum):
    """The kinds of answers."""

    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    OTHER = "other"


def is_page(response: Response) -> bool:
    """Say whether the headers of an answer leave open that it is a page."""
    kind = response.content_type
    return (
        kind in _HTML
        or kind in _MARKDOWN
        or kind in ("", "text/plain")
        or (kind in _UNNAMED and _MARKDOWN_PATH.search(response.url.path) is not None)
    )


def is_markdown(response: Response) -> bool:
    """Say whether an answer calls itself Markdown."""
    return response.content_type in _MARKDOWN


def media_of(response: Response) -> Media:
    """Say what an answer that was read is.

    Servers call Markdown plain text or nothing at all, so the path counts too, and binary files plain text, so
    the body does.
    """
    kind, head = response.content_type, response.body[:_LOOKED_AT]
    if kind in _HTML:
        return Media.HTML
    if not is_page(response) or b"\0" in head:
        return Media.OTHER
    if kind in _MARKDOWN or _MARKDOWN_PATH.search(response.url.path):
        return Media.MARKDOWN
    if kind == "text/plain":
        return Media.TEXT
    return Media.HTML if b"<" in head else Media.OTHER
