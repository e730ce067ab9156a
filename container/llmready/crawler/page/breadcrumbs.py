"""Read a page's breadcrumbs: schema.org's BreadcrumbList and the WAI-ARIA breadcrumb pattern."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.characters import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


MOST_BREADCRUMBS = 8
LONGEST_LABEL = 60
"""Greatest length of a label, in characters. A longer label is a sentence, not a name."""

LONGEST_BREADCRUMBS = 4096
"""Bytes that are parsed from the start of a tag that mentions breadcrumbs."""

MOST_MENTIONS = 50
"""Positions of one page with the word breadcrumbs that are examined."""

_BREADCRUMBS = (
    "[itemtype$='schema.org/BreadcrumbList'], [aria-label=breadcrumb i], [aria-label=breadcrumbs i],"
    " .breadcrumb, .breadcrumbs, #breadcrumbs, .wy-breadcrumbs, .md-path__list"
)
_MARKS = " \t\u00b6\u00a0\u00bb\u203a\u25b8\u25b6\u25be\u25bc\u276f\u2192>/|+\u2304\u2026"
_MENTIONS = (b"readcrumb", b"md-path__list")
_LISTING = re.compile(rb"<(nav|ol|ul)[\s>]")
_STRUCTURED = re.compile(r'"@type"\s*:\s*"BreadcrumbList".{0,4000}', re.DOTALL)
_STRUCTURED_NAME = re.compile(r'"name"\s*:\s*"((?:[^"\\]|\\.){1,200})"')


def read_breadcrumbs(source: bytes) -> tuple[str, ...]:
    """Return the labels of a page's breadcrumbs, outermost first, the page itself included if it is listed.

    Args:
        source: The page in UTF-8. Only the parts that mention breadcrumbs are parsed.
    """
    is_mentioned = False
    for mention in islice(_mentions(source), MOST_MENTIONS):
        is_mentioned = True
        start = source.rfind(b"<", 0, mention)
        if start < 0 or b">" in source[start:mention]:
            # The mention is not within a tag, so it belongs to a style or a script.
            continue
        part = LexborHTMLParser(_element(source, start).decode("utf-8", errors="ignore"))
        for node in part.css(_BREADCRUMBS)[:1]:
            items = node.css("li") or node.css("a, span[aria-current], [aria-current=page]")
            labels = [label for label in (_label(item) for item in items[:MOST_BREADCRUMBS]) if label]
            if labels:
                return tuple(labels)
    if not is_mentioned:
        return ()
    found = _STRUCTURED.search(source.decode("utf-8", errors="replace"))
    names = _STRUCTURED_NAME.findall(found[0].partition("</script")[0]) if found else []
    return tuple(clean_line(_plain(name)) for name in names[:MOST_BREADCRUMBS])


def _element(source: bytes, start: int) -> bytes:
    """Return the source of the element that starts here, up to a limit if its end is not obvious."""
    part = source[start : start + LONGEST_BREADCRUMBS]
    name = _LISTING.match(part)
    end = part.find(b"</" + name[1]) if name else -1
    # A nested element of the same name would end first.
    return part[:end] if name and end > 0 and part.find(b"<" + name[1], 1, end) < 0 else part


def _mentions(source: bytes) -> Iterator[int]:
    # Two searches for fixed texts are faster than one for a pattern.
    for mention in _MENTIONS:
        at = source.find(mention)
        while at >= 0:
            yield at
            at = source.find(mention, at + len(mention))


def _plain(name: str) -> str:
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return ""


def _label(node: LexborNode) -> str:
    text = clean_line(node.text(separator=" ")[:1000]).strip(_MARKS)
    return text if len(text) <= LONGEST_LABEL else ""
