"""Read the names of a site from its front page besides meta tags: structured data, and the `alt` text of the logo."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.characters import clean_line
from llmready.crawler.page.outermost import outermost
from llmready.crawler.page.parse_limits import is_sane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from selectolax.lexbor import LexborNode

LONGEST_NAME = 80
"""Greatest length of a name, in characters. A longer text is a slogan."""

LONGEST_TAGLINE = 300

MOST_SHOWN = 3
"""Logos, and titles of the site, that are read."""

MOST_SCRIPTS = 10
LONGEST_SCRIPT = 100_000
"""Characters of structured data of one script that are read."""

_KINDS = (
    "WebSite",
    "Organization",
    "Corporation",
    "LocalBusiness",
    "Store",
    "OnlineStore",
    "EducationalOrganization",
)
_AROUND_LOGOS = "a[rel=home], .navbar-brand, .logo, [class*=site-logo]"
_LOGOS = "img.logo[alt], .custom-logo[alt]"
_TITLES = ".site-title, .site-name, .navbar-brand, [itemprop=name].logo, .logo-text, a[rel=home]"
_TAGLINES = ".site-description, .site-tagline, .tagline, .blog-description, .site-subtitle, .site-slogan"
_NO_NAME = frozenset(
    {"logo", "logotype", "logotipo", "logotyp", "logó", "home", "homepage", "the", "de", "du", "-"}
)


class Brand(NamedTuple):
    """Names of a site on its front page: in structured data, in logo and site title, and its tagline."""

    names: tuple[str, ...] = ()
    logos: tuple[str, ...] = ()
    tagline: str = ""


def read_brand(html: str) -> Brand:
    """Return the names of a site on its front page, the most reliable ones first.

    Args:
        html: HTML of the front page.
    """
    if not is_sane(html):
        return Brand()
    tree = LexborHTMLParser(html)
    stated: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for script in tree.css("script[type='application/ld+json']")[:MOST_SCRIPTS]:
        for item in _items(script.text()[:LONGEST_SCRIPT]):
            kinds = item.get("@type")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                if isinstance(kind, str) and kind in stated:
                    stated[kind].append(str(item.get("name") or ""))
    named = [name for kind in _KINDS for name in stated[kind]]
    headers = tree.css("header")
    links = _within(headers, "a[href='/']")
    logos = [*tree.css(_LOGOS), *_within([*links, *tree.css(_AROUND_LOGOS)], "img[alt]")]
    titles = [*tree.css(_TITLES), *_within(headers, ".logo")]
    shown = [_without_logo(node.attributes.get("alt") or "") for node in _first(tree.css("[alt]"), logos)]
    shown += [node.text(separator=" ") for node in _first(tree.css(f"{_TITLES}, .logo"), titles)]
    taglines = [node.text(separator=" ") for node in tree.css(_TAGLINES)[:3]]
    return Brand(_clean(named), _clean(shown), next(iter(_clean(taglines, LONGEST_TAGLINE)), ""))


def _within(nodes: Sequence[LexborNode], selector: str) -> list[LexborNode]:
    """Return the elements within some of `nodes` that match. One selector for both would take quadratic time."""
    return [
        found for outer in outermost(nodes) for found in outer.css(selector) if found.mem_id != outer.mem_id
    ]


def _first(ordered: Iterable[LexborNode], wanted: Iterable[LexborNode]) -> Iterator[LexborNode]:
    """Return the first of the wanted elements. `ordered` are all elements in the order of the page."""
    known = {node.mem_id for node in wanted}
    return islice((node for node in ordered if node.mem_id in known), MOST_SHOWN)


def _items(text: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    waiting = data if isinstance(data, list) else [data]
    for item in waiting[:50]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (
                inner for inner in (graph if isinstance(graph, list) else [])[:50] if isinstance(inner, dict)
            )


def _without_logo(text: str) -> str:
    words = text.split()
    kept = [
        word for word in words if word.casefold() not in {"logo", "logotype", "logotipo", "logotyp", "logó"}
    ]
    return " ".join(kept) if any(word.casefold() not in _NO_NAME for word in kept) else ""


def _clean(names: list[str], longest: int = LONGEST_NAME) -> tuple[str, ...]:
    lines = (clean_line(name[:1000]) for name in names)
    return tuple(dict.fromkeys(line for line in lines if 1 < len(line) <= longest))
