"""Make readable names: from path segments, cut to a length, or joined to a list."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from llmready.crawler.characters import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmready.crawler.urls import Url

_WORDS = re.compile(r"[-_+.\s]+")
_CAPITALS = frozenset((
    "api", "apis", "cli", "faq", "faqs", "sdk", "ui", "ux", "url", "urls", "http", "https", "html", "css", "sql",
    "json", "xml", "yaml", "rest", "aws", "seo", "pdf", "ai", "llm", "llms", "rfc", "ssh", "tls", "dns", "ci",
    "io", "id", "ids", "gui", "sso", "saml", "oauth", "csv", "ssl", "tcp", "udp", "ip", "vpn", "gpu", "cpu", "mcp",
))  # fmt: skip
_COMMAS = ((re.compile("[\u3040-\u30ff\u3400-\u9fff]"), "\u3001"), (re.compile("[\u0600-\u06ff]"), "\u060c "))
_OTHER_LETTER = re.compile("[\u0370-\u1dff\u3040-\ud7af]")
_EXTENSION = re.compile(r"\.(?:x?html?|php[0-9]?|aspx?|jspx?|cgi|md|txt)$", re.IGNORECASE)


def readable(segment: str) -> str:
    """Return a segment of a path as readable text: `getting-started` is “Getting started”."""
    words = [word for word in _WORDS.split(clean_line(unquote(segment, errors="replace"))) if word]
    text = " ".join(word.upper() if word.casefold() in _CAPITALS else word for word in words) or segment
    return text[:1].upper() + text[1:]


def segments(url: Url) -> list[str]:
    """Return the parts of a page's path without index files and extensions: `/a/b/index.html` has `a` and `b`."""
    return list(_segments(url.key))


@lru_cache(maxsize=16384)
def _segments(key: str) -> tuple[str, ...]:
    parts = [part for part in key.partition("?")[0].split("/") if part]
    if parts:
        parts[-1] = _EXTENSION.sub("", parts[-1]) or parts[-1]
    return tuple(parts)


def shortened(text: str, length: int) -> str:
    """Return the text, cut at a word with an ellipsis if it is too long."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def is_mostly_foreign(texts: Iterable[str]) -> bool:
    """Return whether most of the texts are in other scripts than Latin."""
    found = [_OTHER_LETTER.search(text) is not None for text in texts]
    return 2 * sum(found) > len(found)


def listed(names: Sequence[str], most: int, end: str = "") -> str:
    """Return names with the commas of their script between them: “Cups, Plates, …”.

    Args:
        names: The names.
        most: Number of names before an ellipsis.
        end: Text after a complete list.
    """
    shown = names[:most]
    written = {mark: sum(script.search(name) is not None for name in shown) for script, mark in _COMMAS}
    comma = next((mark for mark, count in written.items() if 2 * count > len(shown)), ", ")
    return comma.join(shown) + (f"{comma}\u2026" if len(names) > most else end)
