"""Extract plain text from Markdown: the first paragraph of a page, or one line of text."""

from __future__ import annotations

import html
import re
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from llmready.crawler.convert.characters import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 40
"""Characters of a paragraph; a shorter one says too little."""

SURELY_PROSE = 100
"""Characters from which a text without the end of a sentence counts as prose, not as a label."""
LEAST_BESIDE_LINKS = 15
"""Letters and digits outside of links below which a block is a list of links."""

LONGEST = 300
MOST_HEADINGS = 3

_HEADING = re.compile(r"^#{1,2} +(\S.{0,400})$", re.MULTILINE)
_NO_PROSE = re.compile(r"\s*(?:[#>|<`~]|[-*+] |\d+[.)] |!\[|---|:)")
# Notes that Sphinx puts before the description of a module.
_NOTE = re.compile(r"[*_\s]*(?:(?:New|Changed) in version|Deprecated since version|Source code:)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(
    r"\[((?:[^\[\]\\]|\\.)*)\]\((?:<[^>]*>|[^()\s]*(?:\([^()]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)"
)
_MARKS = re.compile(r"(?<!\\)(?:\*\*|\*|`|~~|</?[a-z]+>)|(?<![\\\w])_|(?<!\\)_(?!\w)")
_HEADING_WITHIN = re.compile(r"\s#{1,6}\s.*", re.DOTALL)
_SENTENCE = re.compile(r"[.!?:;\u2026\u3002\uff01\uff1f][\"')\]\u201d\u2019\u00bb]*(?:\s|$)")
_MARKDOWN = re.compile(r"\\([^a-zA-Z0-9\s])|[*`]{1,3}|!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKED = re.compile(r"[&\\*`\[]")
_ESCAPE = re.compile(r"\\([^a-zA-Z0-9\s])")


def first_headings(markdown: str) -> tuple[str, ...]:
    """Return the first headings of the first two levels near the top of a page, at most three, as plain text."""
    found = (plain(heading)[:200] for heading in islice(_HEADING.findall(markdown[:20_000]), MOST_HEADINGS))
    return tuple(heading for heading in found if heading)


def first_paragraph(markdown: str) -> str:
    """Return the first paragraph of prose, at most 300 characters; empty when there is none."""
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
        text = _without_marks(_prose(block))
        if len(text) >= SHORTEST and (len(text) >= SURELY_PROSE or _SENTENCE.search(text)):
            yield text if len(text) <= LONGEST else _sentences(text)


def _blocks(markdown: str) -> Iterator[str]:
    # Lazily, because the first few blocks are usually enough.
    start = 0
    while (end := markdown.find("\n\n", start)) >= 0:
        yield markdown[start:end]
        start = end + 2
    yield markdown[start:]


def _is_list_of_links(block: str) -> bool:
    """Tell whether a block has hardly any text besides its links, as a table of contents."""
    beside, links = _LINK.subn("", block)
    return links > 0 and sum(map(str.isalnum, beside)) < LEAST_BESIDE_LINKS


def _prose(block: str) -> str:
    """Return the lines of a block before a list or table that follows without an empty line."""
    lines = block.split("\n")
    return "\n".join(takewhile(lambda line: not _NO_PROSE.match(line), lines))


def _without_marks(block: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE.sub("", _HEADING_WITHIN.sub("", block)))
    return " ".join(_ESCAPE.sub(r"\1", _MARKS.sub("", text)).split())


def _sentences(text: str) -> str:
    cut = text[:LONGEST]
    end = max(cut.rfind(mark) for mark in (". ", "! ", "? ", "。"))
    return cut[: end + 1] if end >= SHORTEST else cut.rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def plain(text: str) -> str:
    """Return a text without character references and Markdown's marks, as one line."""
    if not _MARKED.search(text):
        return clean_line(text)
    text = html.unescape(html.unescape(text))
    return clean_line(_MARKDOWN.sub(lambda match: match[1] or match[2] or "", text))
