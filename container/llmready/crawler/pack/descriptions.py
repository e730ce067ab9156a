"""Describe each page in one line: its own description, else its first paragraph, headings or links."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from llmready.crawler.convert.characters import clean_line
from llmready.crawler.pack.words import shortened
from llmready.crawler.page.excerpt import first_paragraph, paragraphs, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url

LONGEST_DESCRIPTION = 300
SHARED_BY = 2
"""Number of pages that may share a description; one that more share describes none of them."""

MOST_NAMES = 6
SHORTEST_SENTENCE = 40

_HEADING = re.compile(r"^#{2,3} +(\S.{0,120})$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\[\]\n]{2,80})\]\(")
_NAMED = re.compile(r"(.{1,80}?) (?:-{1,2}|\u2013|\u2014) (?=\S)")
_NO_DESCRIPTION = re.compile(r"©|\(c\) |copyright\b|(?:[^|]*\|){5}", re.IGNORECASE)
_FURNITURE = frozenset(
    ("navigation", "contents", "table of contents", "menu", "search", "on this page", "see also")
)
_SECTION_OF_MANUAL = re.compile(r"\(\d\w?\)$")
_ENDS = re.compile(r"(?<=[.!?。])\s")


def page_descriptions(
    pages: Sequence[StoredPage], titles: dict[Url, str], text_of: Callable[[StoredPage], str]
) -> dict[Url, str]:
    """Return a description of at most 300 characters for each page.

    Parameters: `pages`; `titles`, which no description repeats; `text_of`, which reads the Markdown of a page.
    """
    owns = {page.url: plain(page.description) for page in pages}
    stated = Counter(owns.values())
    # First paragraphs are read only where not all pages have a description of their own.
    are_described = all(
        owns[page.url]
        and stated[owns[page.url]] <= SHARED_BY
        and _says_more(owns[page.url], titles[page.url])
        for page in pages
    )
    firsts = {} if are_described else {page.url: plain(_excerpt(page, text_of)) for page in pages}
    excerpts = Counter(firsts.values())
    found: dict[Url, str] = {}
    for page in pages:
        own, excerpt = owns[page.url], firsts.get(page.url, "")
        text = next(
            (
                candidate
                for candidate, counts in ((own, stated), (excerpt, excerpts))
                if candidate and counts[candidate] <= SHARED_BY and _says_more(candidate, titles[page.url])
            ),
            "",
        )
        if not text:
            text = _from_text(text_of(page), titles[page.url], stated, excerpts)
        found[page.url] = bounded(_without_title(text, titles[page.url]))
    return found


def _excerpt(page: StoredPage, text_of: Callable[[StoredPage], str]) -> str:
    """Return a page's first paragraph; it is read again where the page has a description."""
    return page.excerpt or (clean_line(first_paragraph(text_of(page))) if plain(page.description) else "")


def bounded(text: str, length: int = LONGEST_DESCRIPTION) -> str:
    """Return the text cut to `length` characters: after a sentence in its second half, else after a word."""
    if text.endswith(":") and len(text) <= length:
        # The list or code that the colon announces is not part of the description.
        cut = [end.start() for end in _ENDS.finditer(text)]
        return text[: cut[-1]] if cut and cut[-1] > SHORTEST_SENTENCE else f"{text[:-1].rstrip()}."
    if len(text) <= length:
        return text
    ends = [end.start() for end in _ENDS.finditer(text, length // 2, length)]
    return text[: ends[-1]] if ends else shortened(text, length)


def _says_more(text: str, title: str) -> bool:
    if _NO_DESCRIPTION.match(text):
        return False
    return text.casefold().rstrip(" .") != title.casefold().rstrip(" .")


def _without_title(text: str, title: str) -> str:
    """Remove the name at the start of a manual page's description: “git-add - Add file contents to the index”."""
    name = _SECTION_OF_MANUAL.sub("", title).casefold()
    cut = _NAMED.match(text)
    if cut is None or cut[1].casefold() not in (name, title.casefold()):
        return text
    rest = text[cut.end() :]
    return rest[:1].upper() + rest[1:]


def _from_text(markdown: str, title: str, *shared: Counter[str]) -> str:
    for paragraph in paragraphs(markdown):
        text = plain(paragraph)
        if _says_more(text, title) and all(counts[text] <= SHARED_BY for counts in shared):
            return text
    start = markdown[:200_000]
    headings = [name for name in _HEADING.findall(start) if name.casefold().strip() not in _FURNITURE]
    return (len(headings) > 1 and _listed("Covers", headings, title)) or _listed(
        "Leads to", _LINK.findall(start), title
    )


def _listed(verb: str, names: Sequence[str], title: str) -> str:
    """Return a description of a page without prose, made of its headings or its links."""
    plain_names = dict.fromkeys(plain(name) for name in names[:100])
    named = [name for name in plain_names if len(name) > 1 and _says_more(name, title)]
    if not named:
        return ""
    return f"{verb} {', '.join(named[:MOST_NAMES])}" + (", …" if len(named) > MOST_NAMES else ".")
