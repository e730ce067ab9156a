"""Find faults in the Markdown of pages: garbled characters, links to pages that are gone, and repeated text."""

# ruff: noqa: RUF001, RUF003 - garbled text consists of letters that look like others

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.model import PageFailure
    from llmready.crawler.urls import Url

LONGEST_READ = 200_000
"""Maximum bytes of a page that are searched."""

MOST_COMPARED = 300
"""Maximum number of pages whose lines are compared, which limits the memory."""

SHORTEST_LINE = 40
"""Minimum bytes of a line that should appear on one page only."""

FEWEST_WITH_LINE = 4
LEAST_WITH_LINE = 0.3
"""Minimum number and share of pages on which a line appears that is text of a template."""

MOST_REPEATED = 0.5
"""Maximum share of template text in a page."""

_GONE = re.compile(r" answers 4(?:04|10)\.$")
"""Messages of `Response.raise_for_status` for pages that do not exist."""

_CODE = re.compile(r"(?s)```.*?```|`[^`\n]*`")
_LINK = re.compile(rb"\]\(<?(https?://[^()<>\s#]{1,2000})")

_AS_LATIN = "¡-ª¬-¯±-¶¸-º¼-¿"
_AS_WINDOWS = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_AS_CYRILLIC = "\xa0-\xbfЂ-ЏђѓєѕіїјљњћќўџҐґ‚„…†‡€‰‹›‘’“”•–—™№"
_GARBLED = re.compile(
    "|".join(
        (
            "\ufffd",
            # UTF-8 that was read as Latin-1 or Windows-1252: "Ã©" for é, "â€™" for ’, "Ð¿" for п, "ä¸­" for 中.
            # Each alternative begins with one character, because `re` then skips all others at once.
            *(f"{first}[{_AS_LATIN}]" for first in "ÂÃ"),
            f"â€[{_AS_WINDOWS}]",
            *(f"{first}[{_AS_WINDOWS}][ÐÑØÙ][{_AS_WINDOWS}]" for first in "ÐÑØÙ"),
            *(f"{first}[{_AS_LATIN}][{_AS_WINDOWS}]" for first in "ãäåæçèé"),
            # UTF-8 that was read as Windows-1251: "РџСЂРё" for "При".
            *(f"{first}[{_AS_CYRILLIC}][РС][{_AS_CYRILLIC}]" for first in "РС"),
        )
    )
)


_FIRST_BYTES = (b"\xef\xbf\xbd", b"\xc3", b"\xd0")
"""What garbled text begins with in UTF-8: U+FFFD, Latin letters with marks, and the letters Р and С."""


def is_gone(failure: PageFailure) -> bool:
    """Return whether the site answered that a page does not exist (404 or 410)."""
    return _GONE.search(failure.detail) is not None


def is_garbled(text: str) -> bool:
    """Return whether characters of a text were lost or decoded in the wrong encoding."""
    return not text.isascii() and _GARBLED.search(text) is not None


class TextFaults:
    """Collects the pages with faults while their Markdown is written.

    Args:
        failures: Pages that are missing.

    Attributes:
        garbled: URLs of pages with garbled characters outside of code.
        linking: URLs of pages that link to a page that is gone.
    """

    def __init__(self, failures: Sequence[PageFailure]) -> None:
        self.garbled: list[Url] = []
        self.linking: list[Url] = []
        self._lines: dict[Url, dict[int, int]] = {}
        self._gone = frozenset(failure.url.encode() for failure in failures if is_gone(failure))

    def read(self, url: Url, title: str, markdown: bytes) -> None:
        """Search a page. `title` is its title in the archive, and `markdown` its text in UTF-8."""
        start = markdown[:LONGEST_READ]
        # Most texts with other characters than ASCII contain only typographic quotes and dashes.
        may_be_garbled = any(first in start for first in _FIRST_BYTES)
        if is_garbled(title) or (may_be_garbled and _has_garbled_prose(start.decode(errors="ignore"))):
            self.garbled.append(url)
        if self._gone and not self._gone.isdisjoint(_LINK.findall(start)):
            self.linking.append(url)
        if len(self._lines) < MOST_COMPARED:
            lines = map(bytes.strip, start.split(b"\n"))
            self._lines[url] = {hash(line): len(line) for line in lines if len(line) >= SHORTEST_LINE}

    @property
    def compared(self) -> int:
        """Return the number of pages whose lines are compared."""
        return len(self._lines)

    def boilerplate(self) -> list[Url]:
        """Return the URLs of compared pages most of whose text is also on many other pages."""
        pages = Counter(line for lines in self._lines.values() for line in lines)
        least = max(FEWEST_WITH_LINE, LEAST_WITH_LINE * len(self._lines))
        found = []
        for url, lines in self._lines.items():
            repeated = sum(length for line, length in lines.items() if pages[line] >= least)
            if repeated > MOST_REPEATED * sum(lines.values()):
                found.append(url)
        return found


def _has_garbled_prose(text: str) -> bool:
    # Pages about encodings show such characters as code.
    return is_garbled(text) and is_garbled(_CODE.sub("", text))
