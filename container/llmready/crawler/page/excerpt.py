"""The first sentence or two of a page, as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

SHORTEST = 40
SURELY_PROSE = 100
"""Without the end of a sentence, a shorter text is a label, such as the names of tabs."""
LEAST_BESIDE_LINKS = 15
LONGEST = 300

_NO_PROSE = re.compile(r"\s*(?:[#>|<`~]|[-*+] |\d+[.)] |!\[|---|:)")
# Notes that Sphinx puts before what a module is about.
_NOTE = re.compile(r"[*_\s]*(?:(?:New|Changed) in version|Deprecated since version|Source code:)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(
    r"\[((?:[^\[\]\\]|\\.)*)\]\((?:<[^>]*>|[^()\s]*(?:\([^()]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)"
)
_MARKS = re.compile(r"(?<!\\)(?:\*\*|\*|`|~~|</?[a-z]+>)|(?<![\\\w])_|(?<!\\)_(?!\w)")
_HEADING_WITHIN = re.compile(r"\s#{1,6}\s.*", re.DOTALL)
_SENTENCE = re.compile(r"[.!?:;\u2026\u3002\uff01\uff1f][\"')\]\u201d\u2019\u00bb]*(?:\s|$)")
_ESCAPE = re.compile(r"\\([^a-zA-Z0-9\s])")


def first_paragraph(markdown: str) -> str:
    """Return the first paragraph of prose, at most 300 characters, or nothing when there is none."""
    return next(paragraphs(markdown), "")


def paragraphs(markdown: str) -> Iterator[str]:
    """Yield the paragraphs of prose near the top of a page, as plain text of at most 300 characters each."""
    fenced = False
    for block in _blocks(markdown[:20_000]):
        if "```" in block:
            fenced ^= block.count("```") % 2 == 1
            continue
        if fenced or _NO_PROSE.match(block) or _NOTE.match(block) or _is_list_of_links(block):
            continue
        text = _plain(_prose(block))
        if len(text) >= SHORTEST and (len(text) >= SURELY_PROSE or _SENTENCE.search(text)):
            yield text if len(text) <= LONGEST else _sentences(text)


def _blocks(markdown: str) -> Iterator[str]:
    # One by one: mostly the first few are all that is needed.
    start = 0
    while (end := markdown.find("\n\n", start)) >= 0:
        yield markdown[start:end]
        start = end + 2
    yield markdown[start:]


def _is_list_of_links(block: str) -> bool:
    """Say whether next to nothing is left of a block without its links, as in a table of contents."""
    beside, links = _LINK.subn("", block)
    return links > 0 and sum(map(str.isalnum, beside)) < LEAST_BESIDE_LINKS


def _prose(block: str) -> str:
    """Return a block up to where a list or a table follows its text without an empty line."""
    lines = block.split("\n")
    return "\n".join(takewhile(lambda line: not _NO_PROSE.match(line), lines))


def _plain(block: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE.sub("", _HEADING_WITHIN.sub("", block)))
    return " ".join(_ESCAPE.sub(r"\1", _MARKS.sub("", text)).split())


def _sentences(text: str) -> str:
    cut = text[:LONGEST]
    end = max(cut.rfind(mark) for mark in (". ", "! ", "? ", "。"))
    return cut[: end + 1] if end >= SHORTEST else cut.rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
