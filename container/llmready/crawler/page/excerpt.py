"""Extract plain text from Markdown: the first paragraph of a page, or one line of text."""

from __future__ import annotations

import html
import re
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from llmready.crawler.characters import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 40
"""Characters of the shortest paragraph that is used. An ideograph counts as several."""

LETTERS_OF_IDEOGRAPH = 2.5

SHORTEST_OPENING = 24
"""Characters of the sentence at the top of a page, which its author has put there as its description."""

SURELY_PROSE = 100
"""Characters from which a text without the end of a sentence counts as prose, not as a label."""
LEAST_BESIDE_LINKS = 15
"""Letters and digits outside of links below which a block is a list of links."""

LONGEST = 300
MOST_HEADINGS = 3

LONGEST_GALLERY = 2000
"""Characters of Markdown up to which a page may contain only an image."""

_ALTERNATIVE = re.compile(r"!\[([^\[\]\n]{3,120})\]\(")
_FILE_NAME = re.compile(r"\.\w{3,4}$")
# A fixed text at the beginning of a pattern is found many times faster than the start of a line.
_HEADING = re.compile(r"\n#{1,2} +(\S.{0,400})$", re.MULTILINE)
_NO_PROSE = re.compile(r"\s*(?:[#>|<`~]|[-*+] |\d+[.)] |!\[|---|:)")
# Notes that Sphinx puts before the description of a module.
_NOTE = re.compile(r"[*_\s]*(?:(?:New|Changed) in version|Deprecated since version|Source code:)")
# Each quantifier is bounded, so that text with many open brackets takes linear time.
_IMAGE = re.compile(r"!\[[^\[\]]{0,1000}\]\([^()]{0,2000}\)")
# Escaped characters are matched as well, so that a bracket within a label does not begin another attempt.
_LINK = re.compile(
    r"\\.|\[((?:[^\[\]\\]|\\.){0,1000})\]\((?:<[^<>]{0,2000}>|[^()\s]{0,2000}(?:\([^()]{0,200}\)[^()\s]{0,2000}){0,5})"
    r"(?:\s{1,20}\"[^\"]{0,500}\")?\)"
)
_MARKS = re.compile(r"(?<!\\)(?:\*\*|\*|`|~~|</?[a-z]+>)|(?<![\\\w])_|(?<!\\)_(?!\w)")
_MARK = re.compile(r"[*`~<_]")
"""The first character of what `_MARKS` matches."""
_HEADING_WITHIN = re.compile(r"\s#{1,6}\s.*", re.DOTALL)
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
# Full stops of Chinese and Japanese, Arabic and Urdu, Indian, Ethiopic, Khmer, Burmese, Armenian and Tibetan texts.
_STOPS = "\u3002\uff01\uff1f\uff0e\u061f\u06d4\u0964\u0965\u1362\u17d4\u104b\u0589\u0f0d"
_UNSPACED_STOPS = re.compile(f"[{_STOPS}]")
# Thai, Lao, Khmer and Burmese have no full stop between sentences, or none at all.
_WITHOUT_STOPS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{12}")
SENTENCE = re.compile(
    rf"[.!?:;\u2026][\"')\]\u201d\u2019\u00bb]*(?:\s|$)|[{_STOPS}]|{_WITHOUT_STOPS.pattern}"
)
_WHOLE_SENTENCE = re.compile(rf"[^:;]*[.!{_STOPS}][\"')\]\u201d\u2019\u00bb]*$")
_GREETING = re.compile(
    r"(?i)welcome|(?:herzlich )?willkommen|bienvenue|soyez les bienvenus|bienvenid|benvenut|bem-vind|welkom|witamy"
    # The same in Russian, Chinese, Japanese, Korean and Arabic.
    "|\u0434\u043e\u0431\u0440\u043e \u043f\u043e\u0436\u0430\u043b\u043e\u0432\u0430\u0442\u044c"
    "|\u6b22\u8fce|\u6b61\u8fce|\u3088\u3046\u3053\u305d|\ud658\uc601|[\u0627\u0623]\u0647\u0644\u0627|\u0645\u0631\u062d\u0628\u0627"
)
_AT_THE_TOP = re.compile(r"\s*(?:#|!\[|---|$)")
"""Blocks that may precede the first sentence of a page: its heading, an image, a rule."""

_TEASER = re.compile(r"#{1,6} +\[[^\[\]]{2,300}\]\([^()#]*\)\s*$")
_MARKDOWN = re.compile(
    r"\\([^a-zA-Z0-9\s])|`{1,3}([^`\n]{1,500})`{1,3}|!?\[([^\[\]]*)\]\([^()\s]*\)"
    # Asterisks around words are emphasis; others are part of the text, as in "a * b" and "*args".
    r"|(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,500})(?<![\s*])\4(?![\w*])"
)
_MARKED = re.compile(r"[&\\*`\[]")
_CODE_SPAN = re.compile(r"(?<![\\`])`{1,3}(?!`)([^`]{1,1000})`{1,3}")
_ESCAPE = re.compile(r"\\([^a-zA-Z0-9\s])")


def first_headings(markdown: str) -> tuple[str, ...]:
    """Return the first headings of the first two levels near the top of a page, at most three, as plain text.

    If a short page has no headings, the description of its first image is used.
    """
    headings = islice(_HEADING.finditer(f"\n{markdown[:20_000]}"), MOST_HEADINGS)
    found = (plain(heading[1])[:200] for heading in headings)
    return tuple(heading for heading in found if heading) or _first_alternative(markdown)


def _first_alternative(markdown: str) -> tuple[str, ...]:
    """Return the description of the first image, or an empty text if the page has text.

    In a gallery, it names the page.
    """
    if len(markdown) > LONGEST_GALLERY:
        return ()
    found = (plain(alternative) for alternative in _ALTERNATIVE.findall(markdown))
    return tuple(islice((text for text in found if text and not _FILE_NAME.search(text)), 1))


def first_paragraph(markdown: str) -> str:
    """Return the first paragraph of prose, at most 300 characters; empty when there is none."""
    return next(paragraphs(markdown), "")


def paragraphs(markdown: str, shortest: int = SHORTEST) -> Iterator[str]:
    """Yield the paragraphs of prose near the top of a page, as plain text of at most 300 characters each.

    A teaser below a heading with a link describes the linked page, so it is left out. A short sentence is left out
    too, unless it is the first of the page.

    Args:
        markdown: Markdown of the page.
        shortest: Length of the shortest paragraph, in characters.
    """
    fenced = is_teaser = False
    # Whether only the heading of the page and lines that are not sentences precede the block.
    is_top, headings = True, 0
    for block in _blocks(markdown[:20_000]):
        if "```" in block:
            fenced ^= block.count("```") % 2 == 1
            continue
        if block.startswith("#"):
            is_teaser = _TEASER.match(block) is not None
            headings += 1
        if fenced or is_teaser or _NO_PROSE.match(block) or _NOTE.match(block) or _is_list_of_links(block):
            is_top = is_top and not fenced and _AT_THE_TOP.match(block) is not None
            continue
        text = _without_marks(_prose(block))
        weight = weight_of(text)
        least = min(shortest, SHORTEST_OPENING) if is_top and headings < 2 and _is_opening(text) else shortest
        is_top = is_top and not SENTENCE.search(text)
        if weight >= least and (weight >= SURELY_PROSE or SENTENCE.search(text)):
            yield text if len(text) <= LONGEST else _sentences(text)


def _is_opening(text: str) -> bool:
    """Return whether a text is a whole sentence that says more than a greeting."""
    return _WHOLE_SENTENCE.match(text) is not None and not _GREETING.match(text)


def weight_of(text: str) -> float:
    """Return the length of a text in letters of an alphabet; an ideograph or syllable counts as several."""
    if text.isascii():
        return len(text)
    return len(text) + (LETTERS_OF_IDEOGRAPH - 1) * len(_IDEOGRAPHS.findall(text))


def _blocks(markdown: str) -> Iterator[str]:
    # Lazily, because the first few blocks are usually enough.
    start = 0
    while (end := markdown.find("\n\n", start)) >= 0:
        yield markdown[start:end]
        start = end + 2
    yield markdown[start:]


def _is_list_of_links(block: str) -> bool:
    """Return whether a block has hardly any text besides its links, like a table of contents."""
    if "](" not in block or all(match[1] is None for match in _LINK.finditer(block)):
        return False
    beside = _LINK.sub(lambda match: match[0] if match[1] is None else "", block)
    return sum(map(str.isalnum, beside)) < LEAST_BESIDE_LINKS


def _prose(block: str) -> str:
    """Return the lines of a block before a list or table that follows without an empty line."""
    lines = block.split("\n")
    return "\n".join(takewhile(lambda line: not _NO_PROSE.match(line), lines))


def _without_marks(block: str) -> str:
    # A search for a fixed text takes a fraction of the time of these patterns, and most blocks contain few marks.
    text = _HEADING_WITHIN.sub("", block) if "#" in block else block
    if "](" in text:
        text = _LINK.sub(lambda match: match[0] if match[1] is None else match[1], _IMAGE.sub("", text))
    # Every second part is the content of code, whose signs are no marks.
    parts = _CODE_SPAN.split(text) if "`" in text else [text]
    parts[::2] = [
        _ESCAPE.sub(r"\1", _MARKS.sub("", part) if _MARK.search(part) else part) for part in parts[::2]
    ]
    return " ".join("".join(parts).split())


def _sentences(text: str) -> str:
    cut = text[:LONGEST]
    stops = [stop.end() for stop in _UNSPACED_STOPS.finditer(cut)]
    end = max(*(cut.rfind(mark) for mark in (". ", "! ", "? ")), stops[-1] - 1 if stops else -1)
    return (
        cut[: end + 1]
        if weight_of(cut[: end + 1]) >= SHORTEST
        else cut.rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    )


def plain(text: str) -> str:
    """Return a text without character references and Markdown's marks, as one line."""
    if not _MARKED.search(text):
        return clean_line(text)
    text = html.unescape(html.unescape(text))
    return clean_line(_without_markdown(text))


def _without_markdown(text: str) -> str:
    def content(match: re.Match[str]) -> str:
        return _without_markdown(match[5]) if match[5] else match[1] or match[2] or match[3] or ""

    return _MARKDOWN.sub(content, text)
