"""Where a page says that it stands in its site: its breadcrumbs, and the navigation with its headings.

Both are read from what the web's page makers write: schema.org's BreadcrumbList, WAI-ARIA's breadcrumb pattern,
and lists of links in `nav` and sidebars, whose captions, nested lists and part titles name the parts of a site.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.convert.sanitise import clean_line
from llmready.crawler.page.parse_limits import is_sane
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from selectolax.lexbor import LexborNode

    from llmready.crawler.page.metadata import Page

MOST_SIGNS = 2000
"""Links of one page's navigation that are looked at."""

MOST_CRUMBS = 8
LONGEST_LABEL = 60
"""Characters; what is longer is a sentence, not a name."""

LONGEST_CRUMBS = 4096
"""Bytes from the beginning of a tag that mentions breadcrumbs."""

MOST_MENTIONS = 50

DEEPEST = 24
"""Lists within lists that are followed."""

_BARS = (
    "nav, [role=navigation], header, aside, .sidebar, .sphinxsidebar, #sidebar, #nav, .menu, #menu, .toc, #toc,"
    " .navbar"
)
_CRUMBS = (
    "[itemtype$='schema.org/BreadcrumbList'], [aria-label=breadcrumb i], [aria-label=breadcrumbs i],"
    " .breadcrumb, .breadcrumbs, #breadcrumbs, .wy-breadcrumbs, .md-path__list"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "legend"})
_LISTS = frozenset({"ul", "ol", "menu", "dl"})
_PASSED = frozenset({"script", "style", "form", "input", "svg", "template", "noscript", "select"})
_CAPTION = re.compile(r"\b(?:caption|part-title|(?:nav|menu|sidebar)[-_]+(?:title|heading|label|header))\b")
_MARKS = " \t\u00b6\u00a0\u00bb\u203a\u25b8\u25b6\u25be\u25bc\u276f\u2192>/|+\u2304\u2026"
_MENTIONS = (b"readcrumb", b"md-path__list")
_LISTING = re.compile(rb"<(nav|ol|ul)[\s>]")
_STRUCTURED = re.compile(r'"@type"\s*:\s*"BreadcrumbList".{0,4000}', re.DOTALL)
_STRUCTURED_NAME = re.compile(r'"name"\s*:\s*"((?:[^"\\]|\\.){1,200})"')


class Sign(NamedTuple):
    """A link of the navigation: its label, where it leads, and the names of the parts around it, outermost first."""

    label: str
    url: Url
    parts: tuple[str, ...]


def read_crumbs(source: bytes) -> tuple[str, ...]:
    """Return the labels of a page's breadcrumbs from the outermost on, the page itself included if it is there.

    Parameters: `source`, the page in UTF-8, which is read only where it mentions them.
    """
    is_mentioned = False
    for mention in islice(_mentions(source), MOST_MENTIONS):
        is_mentioned = True
        start = source.rfind(b"<", 0, mention)
        if start < 0 or b">" in source[start:mention]:
            # Not within a tag: a style or a script.
            continue
        part = LexborHTMLParser(_element(source, start).decode("utf-8", errors="ignore"))
        for node in part.css(_CRUMBS)[:1]:
            items = node.css("li") or node.css("a, span[aria-current], [aria-current=page]")
            labels = [label for label in (_label(item) for item in items[:MOST_CRUMBS]) if label]
            if labels:
                return tuple(labels)
    if not is_mentioned:
        return ()
    found = _STRUCTURED.search(source.decode("utf-8", errors="replace"))
    names = _STRUCTURED_NAME.findall(found[0].partition("</script")[0]) if found else []
    return tuple(clean_line(_plain(name)) for name in names[:MOST_CRUMBS])


def _element(source: bytes, start: int) -> bytes:
    """Return the source of the element that begins there; up to a bound where its end is not plain to see."""
    part = source[start : start + LONGEST_CRUMBS]
    name = _LISTING.match(part)
    end = part.find(b"</" + name[1]) if name else -1
    # One of the same kind within it would end first.
    return part[:end] if name and end > 0 and part.find(b"<" + name[1], 1, end) < 0 else part


def _mentions(source: bytes) -> Iterator[int]:
    # Two searches for a plain text are faster than one for a pattern.
    for mention in _MENTIONS:
        at = source.find(mention)
        while at >= 0:
            yield at
            at = source.find(mention, at + len(mention))


def read_signs(page: Page) -> tuple[Sign, ...]:
    """Return the links of a page's navigation in their order, each page once."""
    found: dict[Url, Sign] = {}
    seen: set[int] = set()
    html = page.html
    if not is_sane(html):
        return ()
    for bar in LexborHTMLParser(html).css(_BARS):
        if bar.mem_id in seen:
            continue
        seen.update(inner.mem_id for inner in bar.css(_BARS))
        for sign in _links(bar, (), page.base, 0):
            known = found.get(sign.url)
            # The same page may stand in a flat bar at the top and in the tree beside the text.
            if known is None or len(sign.parts) > len(known.parts):
                found[sign.url] = sign
            if len(found) >= MOST_SIGNS:
                return tuple(found.values())
    return tuple(found.values())


def _links(node: LexborNode, parts: tuple[str, ...], base: Url, depth: int) -> Iterator[Sign]:
    """Walk one level: a heading or a line without links names what comes after it, a line what is nested in it."""
    heading = line = ""
    for child in node.iter():
        tag = child.tag or ""
        if tag in _PASSED:
            continue
        is_list = tag in _LISTS or (tag == "li" and child.child is not None and child.child.tag in _LISTS)
        if depth < DEEPEST and (is_list or child.css_first("ul, ol, menu, dl") is not None):
            names = dict.fromkeys(name for name in (heading, line if is_list else "") if name)
            yield from _links(child, (*parts, *names), base, depth + 1)
            # mdBook puts the list of a chapter's parts into an item of its own, after the chapter's.
            first = child.css_first("a[href], label, summary, button, span") if tag == "li" else None
            line = _label(first) if first is not None else ""
            continue
        anchors = [child] if tag == "a" else child.css("a")
        if not anchors:
            line = _label(child) or line
            heading = line if line and _is_heading(child, tag) else heading
            continue
        yield from _signs(anchors, (*parts, heading) if heading else parts, base)
        line = _label(anchors[0]) if len(anchors) == 1 else ""


def _is_heading(node: LexborNode, tag: str) -> bool:
    return tag in _HEADINGS or tag == "li" or _CAPTION.search(node.attributes.get("class") or "") is not None


def _signs(anchors: Sequence[LexborNode], parts: tuple[str, ...], base: Url) -> Iterator[Sign]:
    for anchor in anchors:
        label, url = _label(anchor), _target(anchor, base)
        if label and url is not None:
            yield Sign(label, url, parts)


def _target(anchor: LexborNode, base: Url) -> Url | None:
    href = (anchor.attributes.get("href") or "").strip()
    return None if not href or href.startswith("#") else join(base, href.partition("#")[0])


def _plain(name: str) -> str:
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return ""


def _label(node: LexborNode) -> str:
    text = clean_line(node.text(separator=" ")[:1000]).strip(_MARKS)
    return text if len(text) <= LONGEST_LABEL else ""
