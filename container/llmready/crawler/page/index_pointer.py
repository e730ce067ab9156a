"""The line of each Markdown file that leads to the index of its site."""

from __future__ import annotations

import re

from llmready.crawler.characters import clean_line

_MARKS = re.compile(r"[\\\\`*_\[\]<>&#!~|]")
_POINTER = re.compile(r"\A\s*> (?:[^\n]{0,800}: )?\[llms\.txt\]\([^()\s]{1,2000}/llms\.txt\)[ \t]*(?:\n+|\Z)")


def index_pointer(site_name: str, index_url: str) -> str:
    """Return the line: a quotation with the site's name and a link. It contains no words, so it fits every language.

    Args:
        site_name: Name of the site, as plain text.
        index_url: URL of the site's llms.txt.
    """
    name = _MARKS.sub(_escaped, clean_line(site_name)[:200])
    return f"> {name}: [llms.txt]({index_url})"


def _escaped(mark: re.Match[str]) -> str:
    # Some parsers take a backslash behind an address for a part of it. They end an address at white space and at `<`.
    return "&lt;" if mark[0] == "<" else f"\\{mark[0]}"


def without_index_pointer(markdown: str) -> str:
    """Return the Markdown without the line at its start.

    Otherwise, a crawl of published files would add the line again.
    """
    return _POINTER.sub("", markdown, count=1)
