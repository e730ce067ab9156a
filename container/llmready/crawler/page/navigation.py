"""Read where a page stands in its site: its breadcrumbs, and its navigation with the headings in it.

Both follow common markup: schema.org's BreadcrumbList, the WAI-ARIA breadcrumb pattern, and lists of links in `nav`
and sidebars, whose captions, nested lists and part titles name the parts of a site.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.convert.characters import clean_line
from llmready.crawler.model import NavLink
from llmready.crawler.page.parse_limits import is_sane
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from selectolax.lexbor import LexborNode


MOST_LINKS = 2000
"""Links of one page's navigation that are read."""

MOST_BREADCRUMBS = 8
LONGEST_LABEL = 60
"""Characters of a label; a longer one is a sentence, not a name."""

LONGEST_BREADCRUMBS = 4096
"""Bytes that are parsed from the start of a tag that mentions breadcrumbs."""

MOST_MENTIONS = 50
"""Places of one page that mention breadcrumbs and are examined."""

DEEPEST = 24
"""Levels of nested lists that are followed."""

_NAVIGATION = (
    "nav, [role=navigation], header, aside, .sidebar, .sphinxsidebar, #sidebar, #nav, .menu, #menu, .toc, #toc,"
    " .navbar"
)
_BREADCRUMBS = (
    "[itemtype$='schema.org/BreadcrumbList'], [aria-label=breadcrumb i], [aria-label=breadcrumbs i],"
    " .breadcrumb, .breadcrumbs, #breadcrumbs, .wy-breadcrumbs, .md-path__list"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "legend"})
_LISTS = frozenset({"ul", "ol", "menu", "dl"})
_IGNORED = frozenset({"script", "style", "form", "input", "svg", "template", "noscript", "select"})
_CAPTION = re.compile(r"\b(?:caption|part-title|(?:nav|menu|sidebar)[-_]+(?:title|heading|label|header))\b")
_MARKS = " \t\u00b6\u00a0\u00bb\u203a\u25b8\u25b6\u25be\u25bc\u276f\u2192>/|+\u2304\u2026"
_MENTIONS = (b"readcrumb", b"md-path__list")
_LISTING = re.compile(rb"<(nav|ol|ul)[\s>]")
_STRUCTURED = re.compile(r'"@type"\s*:\s*"BreadcrumbList".{0,4000}', re.DOTALL)
_STRUCTURED_NAME = re.compile(r'"name"\s*:\s*"((?:[^"\\]|\\.){1,200})"')


def read_breadcrumbs(source: bytes) -> tuple[str, ...]:
    """Return the labels of a page's breadcrumbs, outermost first, the page itself included if it is listed.

    Parameters: `source`, the page in UTF-8; only the parts that mention breadcrumbs are parsed.
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
    """Return the source of the element that starts here, up to a limit where its end is not obvious."""
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


def read_navigation(html: str, base: Url) -> tuple[NavLink, ...]:
    """Return the links of a page's navigation in the page's order, each target once.

    Parameters: `html` of the page; `base`, against which its links are resolved.
    """
    found: dict[Url, NavLink] = {}
    seen: set[int] = set()
    if not is_sane(html):
        return ()
    for element in LexborHTMLParser(html).css(_NAVIGATION):
        if element.mem_id in seen:
            continue
        seen.update(inner.mem_id for inner in element.css(_NAVIGATION))
        for link in _links(element, (), base, 0):
            known = found.get(link.url)
            # A page may be listed both in a flat bar at the top and in a tree beside the text.
            if known is None or len(link.parts) > len(known.parts):
                found[link.url] = link
            if len(found) >= MOST_LINKS:
                return tuple(found.values())
    return tuple(found.values())


def _links(node: LexborNode, parts: tuple[str, ...], base: Url, depth: int) -> Iterator[NavLink]:
    """Yield the links of one level.

    A heading, or a line without links, names the links after it; a line also names the lists nested in it.
    """
    heading = line = ""
    for child in node.iter():
        tag = child.tag or ""
        if tag in _IGNORED:
            continue
        is_list = tag in _LISTS or (tag == "li" and child.child is not None and child.child.tag in _LISTS)
        if depth < DEEPEST and (is_list or child.css_first("ul, ol, menu, dl") is not None):
            names = dict.fromkeys(name for name in (heading, line if is_list else "") if name)
            yield from _links(child, (*parts, *names), base, depth + 1)
            # mdBook puts the sublist of a chapter into an item of its own, after the chapter's item.
            first = child.css_first("a[href], label, summary, button, span") if tag == "li" else None
            line = _label(first) if first is not None else ""
            continue
        anchors = [child] if tag == "a" else child.css("a")
        if not anchors:
            line = _label(child) or line
            heading = line if line and _is_heading(child, tag) else heading
            continue
        yield from _anchor_links(anchors, (*parts, heading) if heading else parts, base)
        line = _label(anchors[0]) if len(anchors) == 1 else ""


def _is_heading(node: LexborNode, tag: str) -> bool:
    return tag in _HEADINGS or tag == "li" or _CAPTION.search(node.attributes.get("class") or "") is not None


def _anchor_links(anchors: Sequence[LexborNode], parts: tuple[str, ...], base: Url) -> Iterator[NavLink]:
    for anchor in anchors:
        label, url = _label(anchor), _target(anchor, base)
        if label and url is not None:
            yield NavLink(label, url, parts)


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
