"""Describe each page in one line: by its own description, or by a text that no other page has."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING

from llmready.crawler.characters import clean_line
from llmready.crawler.pack.no_descriptions import describes, names_something
from llmready.crawler.pack.page_links import names_of_links
from llmready.crawler.pack.words import listed, shortened
from llmready.crawler.page.excerpt import SHORTEST, first_paragraph, paragraphs, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url

LONGEST_DESCRIPTION = 300
SHARED_BY = 1
"""Maximum number of pages with the same description. A text that more pages share describes none of these pages."""

MOST_PARAGRAPHS = 6
"""Number of paragraphs at the start of a page that are considered as its description."""

MOST_NAMES = 6
LONGEST_NAME = 120
FEWEST_NAMES = 2
"""Maximum number of headings or links in a description."""

SHORTEST_START = 40
SHORTEST_SENTENCE = 18
"""Minimum characters of a sentence that describes a page without longer sentences."""

_HEADING = re.compile(r"^#{2,3} +(\S.{0,120})$", re.MULTILINE)
_TEASER = re.compile(r"^#{2,3} +\[[^\[\]\n]{1,120}\]\(", re.MULTILINE)
_ITEM = re.compile(r"^[-*] +(\S.{0,1000})$", re.MULTILINE)
_NAMED = re.compile(r"(.{1,80}?) (?:-{1,2}|\u2013|\u2014) (?=\S)")
_FURNITURE = frozenset(
    ("navigation", "contents", "table of contents", "menu", "search", "on this page", "see also")
)
_SECTION_OF_MANUAL = re.compile(r"\(\d\w?\)$")
_ENDS = re.compile("(?<=[.!?])\\s|(?<=[\u3002\uff01\uff1f\u06d4\u061f\u0964])")


def page_descriptions(
    pages: Sequence[StoredPage], titles: dict[Url, str], text_of: Callable[[StoredPage], str]
) -> dict[Url, str]:
    """Return a description of at most 300 characters for each page.

    Args:
        pages: Pages of the site.
        titles: Titles by URL. No description repeats one.
        text_of: Reads the Markdown of a page.
    """
    owns = {page.url: plain(page.description) for page in pages}
    stated = Counter(owns.values())
    # First paragraphs are read only if a page has no description of its own.
    are_described = all(
        owns[page.url]
        and stated[owns[page.url]] <= SHARED_BY
        and _says_more(owns[page.url], titles[page.url])
        for page in pages
    )
    firsts = {} if are_described else {page.url: plain(_excerpt(page, text_of)) for page in pages}
    excerpts = Counter(firsts.values())
    found: dict[Url, str] = {}
    used: set[str] = set()
    undescribed = []
    for page in pages:
        own, excerpt = owns[page.url], firsts.get(page.url, "")
        candidates = ((own, stated), (excerpt, excerpts))
        text = next(
            (
                candidate
                for candidate, counts in candidates
                if candidate and counts[candidate] <= SHARED_BY and _says_more(candidate, titles[page.url])
            ),
            "",
        )
        described = bounded(_without_title(text, titles[page.url]))
        # Without its title, a description may equal that of another page.
        found[page.url] = bounded(text) if described in used else described
        used.add(found[page.url])
        undescribed += [] if text else [page]
    home = min(pages, key=lambda page: (page.depth, page.url)).url
    _describe_by_text(undescribed, found, titles, text_of, home)
    return found


def stated_descriptions(pages: Sequence[StoredPage]) -> dict[Url, str]:
    """Return the description that each page states, or its first paragraph. Takes little time."""
    return {page.url: bounded(plain(page.description) or plain(page.excerpt)) for page in pages}


def _describe_by_text(
    pages: Sequence[StoredPage],
    found: dict[Url, str],
    titles: Mapping[Url, str],
    text_of: Callable[[StoredPage], str],
    home: Url,
) -> None:
    """Describe pages by a paragraph that no other page has, or by their headings or links."""
    texts = {
        page.url: list(
            dict.fromkeys(
                plain(text)
                for shortest in (SHORTEST, SHORTEST_SENTENCE)
                for text in islice(paragraphs(text_of(page), shortest), MOST_PARAGRAPHS)
            )
        )
        for page in pages
    }
    counts = Counter(text for page in texts.values() for text in page)
    taken = {text for text in found.values() if text}
    # The front page comes last, because text that it shares with another page is a teaser of that page.
    for page in sorted(pages, key=lambda page: (-page.depth, page.url)):
        title = titles[page.url]
        own = (text for text in texts[page.url] if counts[text] <= SHARED_BY and _says_more(text, title))
        shared = (text for text in texts[page.url] if _says_more(text, title))
        text = next((text for text in chain(own, shared) if bounded(text) not in taken), "")
        text = text or _names(text_of(page), title, home) or _first_item(text_of(page), title)
        described = bounded(_without_title(text, title))
        found[page.url] = "" if described in taken else described
        taken.add(described)


def _excerpt(page: StoredPage, text_of: Callable[[StoredPage], str]) -> str:
    """Return a page's first paragraph. It is read again if the page has a description."""
    return page.excerpt or (clean_line(first_paragraph(text_of(page))) if plain(page.description) else "")


def bounded(text: str, length: int = LONGEST_DESCRIPTION) -> str:
    """Return the text cut to `length` characters: after a sentence in its second half, else after a word."""
    if text.endswith(":") and len(text) <= length:
        # The list or code that the colon announces is not part of the description.
        cut = [end.start() for end in _ENDS.finditer(text)]
        return text[: cut[-1]] if cut and cut[-1] > SHORTEST_START else f"{text[:-1].rstrip()}."
    if len(text) <= length:
        return text
    ends = [end.start() for end in _ENDS.finditer(text, length // 2, length)]
    return text[: ends[-1]] if ends else shortened(text, length)


def _says_more(text: str, title: str) -> bool:
    return describes(text) and _differs(text, title)


def _differs(text: str, title: str) -> bool:
    return text.casefold().rstrip(" .") != title.casefold().rstrip(" .")


def _without_title(text: str, title: str) -> str:
    """Remove the name at the start of a manual page's description: “git-add - Add file contents to the index”."""
    name = _SECTION_OF_MANUAL.sub("", title).casefold()
    cut = _NAMED.match(text)
    if cut is None or cut[1].casefold() not in (name, title.casefold()):
        return text
    rest = text[cut.end() :]
    return rest[:1].upper() + rest[1:]


def _names(markdown: str, title: str, home: Url) -> str:
    """Return the names of a page's headings, or of its links.

    No words are added, because they would be English on every site.
    """
    headings = [
        name for name in _HEADING.findall(markdown[:200_000]) if name.casefold().strip() not in _FURNITURE
    ]
    named = _naming(map(plain, headings), title)
    if len(named) < FEWEST_NAMES:
        named = _naming(names_of_links(markdown, str(home)), title)
    # A single label is not a sufficient description, unless it is the title of the only text that the page lists.
    fewest = 1 if len(headings) == 1 and _TEASER.search(markdown[:200_000]) else FEWEST_NAMES
    return listed(named, MOST_NAMES) if len(named) >= fewest else ""


def _first_item(markdown: str, title: str) -> str:
    """Return the first item with a sentence in a page that consists of lists, such as a list of publications."""
    items = (match[1] for match in _ITEM.finditer(markdown[:20_000]))
    found = (text for item in islice(items, MOST_PARAGRAPHS) if (text := plain(first_paragraph(item))))
    return next((text for text in found if _says_more(text, title)), "")


def _naming(names: Iterable[str], title: str) -> list[str]:
    """Return those names, without duplicates, that add information to a page's title."""
    return [
        name
        for name in dict.fromkeys(names)
        if 1 < len(name) <= LONGEST_NAME
        and not name.isdecimal()
        and names_something(name)
        and _differs(name, title)
    ]
