"""Text that users chose, as emails show it: short, on one line, and without anything that becomes a link."""

import unicodedata

# A word that contains one of these between other characters is, or looks like, an address.
_JOINERS = ".:/\\@\u2024\u3002\uff0e\uff61\u2215\u2044"
# File names that our own sentences contain.
_NO_ADDRESSES = frozenset({"robots.txt", "llms.txt", "sitemap.xml"})


def without_links(text: str, limit: int) -> str:
    """Return ``text`` on one line, without words that look like a web or email address, and cut to ``limit``.

    Args:
        text: The text that a user or a website chose.
        limit: The longest result in characters.
    """
    normal = unicodedata.normalize("NFKC", text[: 10 * limit])
    words = [word for word in normal.split() if not _looks_like_an_address(word)]
    short = " ".join(words)
    return short if len(short) <= limit else short[: limit - 1].rstrip() + "…"


def as_quote(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotation marks, as data; empty if nothing of it can be shown."""
    shown = without_links(text, limit).translate({ord(mark): "'" for mark in '“”„"'})
    return f"“{shown}”" if shown else ""


def _looks_like_an_address(word: str) -> bool:
    if word.strip("(),;:.!?'\"").lower() in _NO_ADDRESSES:
        return False
    # The end of a sentence or a clause is no part of an address.
    inner = word.rstrip(".:,;!?)")
    return any(mark in inner for mark in _JOINERS)
