"""Text of users in emails: shortened, on one line, and without anything that mail programs turn into a link."""

import re
import unicodedata

_WORD = re.compile(r"\S+")
# An ideographic space between two names is kept as typed; every other run of white space becomes one space.
_SPACES = re.compile(r"[^\S\u3000]+")
# A word that contains one of these between other characters is, or looks like, an address. A slash alone, as in
# "AC/DC", makes none.
_JOINERS = ".:\\@\u2024\u3002\uff0e\uff61"
# No host has only labels of one letter.
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
# File names that the sentences of LLMReady contain.
_NO_ADDRESSES = frozenset({"robots.txt", "llms.txt", "sitemap.xml"})


def without_links(text: str, limit: int) -> str:
    """Return ``text`` on one line, without words that look like a web or email address, and cut to ``limit``.

    What is left is as it was typed.

    Args:
        text: The text that a user or a website chose.
        limit: The longest result in characters.
    """
    kept = _WORD.sub(lambda word: "" if _looks_like_an_address(word[0]) else word[0], text[: 10 * limit])
    short = _SPACES.sub(" ", kept).strip()
    return short if len(short) <= limit else short[: limit - 1].rstrip() + "…"


def as_quote(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotation marks, as data; empty if nothing of it can be shown."""
    shown = without_links(text, limit).translate({ord(mark): "'" for mark in '“”„"\uff02'})
    return f"“{shown}”" if shown else ""


def _looks_like_an_address(typed: str) -> bool:
    # Mail programs read full-width letters and dots as the characters they stand for.
    word = unicodedata.normalize("NFKC", typed)
    if word.strip("(),;:.!?'\"").lower() in _NO_ADDRESSES or _INITIALS.fullmatch(word.strip("(),;:!?'\"")):
        return False
    # Punctuation at the end of a sentence or clause is not part of an address.
    inner = word.rstrip(".:,;!?)")
    return word.startswith("//") or any(mark in inner for mark in _JOINERS)
