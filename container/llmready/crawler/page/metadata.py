"""Read the metadata of a page: title, links, canonical URL, robots rules, dates, language.

A new fact of a page is read here from the raw facts that the converter reports (`container/mdream/facts.mjs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from llmready.crawler.languages import language_of
from llmready.crawler.page.character_references import attribute_of, text_of
from llmready.crawler.page.media import is_page_path
from llmready.crawler.page.meta_tags import (
    description,
    language,
    last_modified,
    one_line,
    published,
    read_metas,
    robots_rules,
)
from llmready.crawler.urls import Url, join, keeps_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.convert.raw_facts import RawFacts

MAX_RELATED = 100
"""Number of `<link>` elements of one page that are read for alternates."""

SHORT_REFRESH = 5
"""Greatest delay, in seconds, of a meta refresh that counts as a redirect.

With a longer delay, it may show the next news.
"""

LONG_REFRESH = 60
"""On a page that only says that it moved, a meta refresh counts as a redirect up to this number of seconds."""

_REFRESH = re.compile(
    r"""\s?(\d{1,9})(?:\.\d*(?!\d))?\s?[;,]?\s?(?:url\s?=)?\s?["']?([^"']*)["']?\s?""", re.IGNORECASE
)
_LINKED_LISTS = frozenset({"next", "prev"})


class Alternate(NamedTuple):
    """Another format or language of a page, with its URL, its media type in lower case, and its language."""

    url: Url
    type: str
    language: str


@dataclass(slots=True)
class PageMetadata:
    """Metadata of one HTML page. Texts are single lines, and empty if the page does not state them.

    Attributes:
        title: Content of `<title>`, else a title from the meta tags.
        heading: Text of the first heading.
        description: Description from the meta tags.
        site_name: Name of the site from the meta tags.
        base: URL against which the page's links are resolved.
        canonical: Target of `rel=canonical`, or None.
        refresh: Target of a meta refresh (or a Refresh header) with a short delay, or None.
        slow_refresh: Target of one with a longer delay, or None.
        reloads: Whether one reloads the page itself after a short delay.
        lang: Language as a BCP 47 tag.
        modified: Last change in ISO 8601.
        published: Date of the publication in ISO 8601.
        topic: Category or topic that the page states.
        offer: Price and properties of the page's product.
        page_type: What kind of page it is, such as `article`.
        navigation: Menus of the page as the converter reports them; `store.navigation` reads them.
        is_menu: Whether the page is nothing but the menu of a frameset.
        is_frameset: Whether the page only arranges other pages in frames.
        noindex: Whether robots rules keep the page out of the result.
        nofollow: Whether robots rules forbid following its links.
        hrefs: Addresses of its links as they are written, in the order of the page. Empty if they must not be
            followed.
        alternates: Targets of `rel=alternate`.
    """

    title: str
    heading: str
    description: str
    site_name: str
    base: Url
    canonical: Url | None
    refresh: Url | None
    slow_refresh: Url | None
    reloads: bool
    lang: str
    modified: str
    published: str
    topic: str
    offer: str
    page_type: str
    navigation: str
    is_menu: bool
    is_frameset: bool
    noindex: bool
    nofollow: bool
    hrefs: list[str]
    alternates: list[Alternate]

    @property
    def links(self) -> list[Url]:
        """Targets of its links that may be pages, each once, in the page's order."""
        return _links(self.hrefs, self.base)


def read_metadata(raw: RawFacts, url: Url, robots_header: str = "", refresh_header: str = "") -> PageMetadata:
    """Read the metadata out of the raw facts of a page.

    Args:
        raw: Raw facts of the page.
        url: URL of the page.
        robots_header: The header X-Robots-Tag.
        refresh_header: The header Refresh.
    """
    metas = read_metas(raw["metas"])
    rules = robots_rules(metas, robots_header)
    base = ("base" in raw and join(url, attribute_of(raw["base"]))) or url
    nofollow = bool(rules & {"nofollow", "none"})
    related = [
        (frozenset(relation.lower().split()), attribute_of(href), kind, hreflang)
        for relation, href, kind, hreflang in raw["related"]
    ]
    canonical = next((href for relations, href, *_ in related if "canonical" in relations), None)
    alternates = [
        Alternate(other, kind.strip().lower(), hreflang.strip())
        for relations, href, kind, hreflang in related[:MAX_RELATED]
        if "alternate" in relations and (other := join(base, href)) is not None
    ]
    in_sequence = [
        href.partition("#")[0]
        for relation, href, *_ in raw["related"]
        if not _LINKED_LISTS.isdisjoint(relation.lower().split())
    ]
    refresh = metas.get("http-equiv:refresh", "")
    quick = _refresh(refresh, base, SHORT_REFRESH) or _refresh(refresh_header, url, SHORT_REFRESH)
    slow = _refresh(refresh, base, LONG_REFRESH) or _refresh(refresh_header, url, LONG_REFRESH)
    return PageMetadata(
        title=_text(raw["title"]) or metas.get("og:title", "") or metas.get("twitter:title", ""),
        heading=_text(raw["heading"]),
        description=description(metas),
        site_name=metas.get("og:site_name") or metas.get("application-name") or "",
        base=base,
        canonical=join(base, canonical) if canonical is not None else None,
        refresh=quick,
        slow_refresh=slow,
        reloads=quick.key == url.key if quick else _reloads(refresh) or _reloads(refresh_header),
        lang=_language(language(raw["lang"], metas), alternates, url),
        modified=last_modified(metas, map(attribute_of, raw["dates"])),
        published=published(metas, map(attribute_of, raw["published"]), url.path),
        topic=metas.get("article:section", ""),
        offer=one_line("; ".join(map(text_of, raw["offer"]))),
        page_type=raw["page_type"],
        navigation=raw["navigation"],
        is_menu=raw["is_menu"],
        is_frameset=raw["is_frameset"],
        noindex=bool(rules & {"noindex", "none"}),
        nofollow=nofollow,
        hrefs=[] if nofollow else [*raw["links"], *in_sequence],
        alternates=alternates,
    )


def _links(hrefs: Iterable[str], base: Url) -> list[Url]:
    # Links that begin with a slash have the same target on all pages, and relative links have the same target on all
    # pages of a folder. Each kind shares cache entries.
    root, folder = base._replace(path="/", query=""), base.folder
    found: dict[Url, None] = {}
    for href in hrefs:
        # The converter removes fragments, but a character reference may stand for a "#".
        target = attribute_of(href).partition("#")[0] if "&" in href else href
        if not target:
            continue
        link = page_link(root if target[0] == "/" else base if keeps_path(target) else folder, target)
        if link is not None:
            found[link] = None
    return list(found)


@lru_cache(maxsize=16384)
def page_link(base: Url, href: str) -> Url | None:
    """Resolve a link. Return None when its target cannot be a page."""
    link = join(base, href)
    return link if link is not None and is_page_path(link.path) else None


def _language(stated: str, alternates: Iterable[Alternate], url: Url) -> str:
    """Return the `hreflang` of the page's own URL, which is more reliable than other attributes, or else `stated`."""
    own = next((language(tag, {}) for other, _, tag in alternates if tag and other.key == url.key), "")
    return own if own and language_of(own) != language_of(stated) else stated


def _refresh(content: str, base: Url, longest: int) -> Url | None:
    match = _REFRESH.fullmatch(content)
    if match is None or int(match[1]) > longest or not match[2].strip():
        return None
    return join(base, match[2])


def _reloads(content: str) -> bool:
    match = _REFRESH.fullmatch(content)
    return match is not None and int(match[1]) <= SHORT_REFRESH and not match[2].strip()


def _text(written: str) -> str:
    return one_line(text_of(written))
