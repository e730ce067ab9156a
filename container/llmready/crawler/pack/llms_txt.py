"""llms.txt in the format of llmstxt.org: a name, a summary, sections of links.

No file is longer than 50,000 characters, because some agents cut longer files (`llms-txt-size` in the
Agent-Friendly Documentation Spec). If the file would be longer, its longest sections are moved to separate
files under `llms/`. The root file then contains links to these files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from llmready.crawler.pack.paths import file_name
from llmready.crawler.pack.posts import is_post
from llmready.crawler.pack.words import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.pack.outline import Entry, Outline

ROOT = "llms.txt"
FOLDER = "llms"
LONGEST_FILE = 50_000
"""Characters of one file."""

_SPARE = 6_000
"""Characters reserved for the head of a file: name, summary and heading."""

_ENTITY_LIKE = re.compile(r"&(?=#?\w{1,32};)")
_ESCAPING = re.compile(r"\\(?=[!-/:-@\[-`{-~]|\Z)")

_CODE_OR_TICKS = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)(?:(?P<code>.*?[^`])(?P=ticks)(?!`))?")

Target = Callable[["Entry"], str]
"""The target of the links: the site's pages, or the Markdown files."""


@dataclass(frozen=True, slots=True)
class _Link:
    title: str
    target: str
    note: str

    def line(self) -> str:
        link = f"- [{escape(self.title)}]({self.target})"
        return f"{link}: {escape(self.note)}\n" if self.note else f"{link}\n"


def render_llms_txt(outline: Outline, target: Target, origin: str) -> dict[str, str]:
    """Return the texts of llms.txt and of the files that it is divided into, by their paths in the archive.

    Args:
        outline: Sections with their pages.
        target: Whether links lead to the site or to the Markdown files.
        origin: Origin at which the archive will be published, such as `https://example.com`.
    """
    return _Files(outline, target, origin).render()


class _Files:
    def __init__(self, outline: Outline, target: Target, origin: str) -> None:
        self._outline = outline
        self._origin = origin
        self._blocks = [
            (
                section.title,
                [_Link(entry.title, target(entry), _note(entry)) for entry in section.entries],
            )
            for section in outline.sections
        ]
        self._files: dict[str, str] = {}

    def render(self) -> dict[str, str]:
        count = len(self._outline.entries)
        where = self._outline.entries[0].page.url.origin
        if not self._outline.is_english:
            # A sentence written by LLMReady could be the only English text of the file.
            says = where
        else:
            says = (
                f"This index lists {f'{count:,} pages' if count > 1 else 'one page'} of {where}, by section."
            )
        self._move_out(LONGEST_FILE - _SPARE - sum(len(escape(title)) + 6 for title, _ in self._blocks))
        if self._files and self._outline.is_english:
            says += " Long sections have files of their own."
        root = self._text(self._outline.site_name, self._outline.summary, says, self._blocks)
        return {ROOT: root, **self._files}

    def _move_out(self, room: int) -> None:
        """Move the longest sections into other files until the rest fits.

        The root file keeps one or a few links to these files.
        """
        sizes = [_size(links) for _, links in self._blocks]
        while sum(sizes) > room:
            longest = max(range(len(sizes)), key=lambda index: (sizes[index], -index))
            title, links = self._blocks[longest]
            if len(links) == 1:
                break
            self._blocks[longest] = (title, self._moved(title, links))
            sizes[longest] = _size(self._blocks[longest][1])

    def _moved(self, section: str, links: list[_Link]) -> list[_Link]:
        """Write a section into separate files and return the links to them."""
        groups = _cut(links, LONGEST_FILE - _SPARE)
        found = []
        for number, group in enumerate(groups, 1):
            title = f"{section} ({number}/{len(groups)})" if len(groups) > 1 else section
            first, last = shortened(group[0].title, 80), shortened(group[-1].title, 80)
            is_english = self._outline.is_english
            holds = (
                f"{len(group):,} links, from “{first}” to “{last}”." if is_english else f"{first} … {last}"
            )
            whole = own_link(self._origin, ROOT)
            path = self._path(section, number if len(groups) > 1 else 0)
            self._files[path] = self._text(
                f"{self._outline.site_name}: {title}",
                f"A part of the index of {self._outline.site_name}: {holds}" if is_english else holds,
                f"The whole index is {whole}." if is_english else whole,
                [(section, group)],
            )
            found.append(
                _Link(f"{title}: index" if is_english else title, own_link(self._origin, path), holds)
            )
        return found

    def _text(self, title: str, summary: str, says: str, blocks: Sequence[tuple[str, list[_Link]]]) -> str:
        # The format's own parser finds the summary only if a paragraph follows it.
        lines = [f"# {escape(title)}\n\n> {escape(summary)}\n\n{escape(says)}\n"]
        for heading, links in blocks:
            lines.append(f"\n## {escape(heading)}\n\n")
            lines += [link.line() for link in links]
        return "".join(lines)

    def _path(self, section: str, number: int) -> str:
        name = file_name(section.lower().replace(" ", "-"))
        path = f"{FOLDER}/{name}{f'-{number}' if number else ''}.txt"
        taken = {other.casefold() for other in self._files}
        while path.casefold() in taken:
            path = f"{path.removesuffix('.txt')}-index.txt"
        return path


def _note(entry: Entry) -> str:
    """Return the text after a link: the date of a post or the price of a product, then the description."""
    facts = entry.page.offer or (entry.page.published if is_post(entry.page) else "")
    return ": ".join(part for part in (facts, entry.description) if part)


def own_link(origin: str, path: str) -> str:
    """Return the URL of a file of the archive that is published at the root of the site."""
    return f"{origin}/{quote(path, safe='/-._~')}"


def page_link(entry: Entry) -> str:
    """Return a page's URL with parentheses percent-encoded, because a parenthesis would end a Markdown link."""
    return str(entry.page.url).replace("(", "%28").replace(")", "%29")


def escape(text: str) -> str:
    """Escape plain text for Markdown and for the parsers of the llms.txt format.

    Brackets and angle brackets become entities. The reference parser of the format ends a title at the first
    `]`, even after a backslash. A backslash that would escape the next character and backticks that would
    open code become entities as well. A `>` is kept unless it could end a tag or begin a quotation.
    """
    text = _ESCAPING.sub("&#92;", _ENTITY_LIKE.sub("&amp;", text))
    if "<" in text or text.startswith(">"):
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    text = _CODE_OR_TICKS.sub(_paired, text)
    return text.replace("[", "&#91;").replace("]", "&#93;")


def _paired(match: re.Match[str]) -> str:
    """Keep code, and write single backticks as entities.

    Otherwise they could form code with the backticks of a note.
    """
    return match[0] if match["code"] else "&#96;" * len(match[0])


def _cut(links: Sequence[_Link], room: int) -> list[list[_Link]]:
    """Cut a list of links into pieces of even length that each fit."""
    whole = _size(links)
    share = min(room, whole // -(-whole // room) + 3_000)
    groups: list[list[_Link]] = [[]]
    size = 0
    for link in links:
        length = len(link.line())
        if groups[-1] and size + length > share:
            groups.append([])
            size = 0
        groups[-1].append(link)
        size += length
    return groups


def _size(links: Sequence[_Link]) -> int:
    return sum(len(link.line()) for link in links)
