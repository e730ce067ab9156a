"""What a page says about itself: title, links, canonical URL, whether robots may keep or follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from llmready.crawler.page.character_references import attribute_of, text_of
from llmready.crawler.page.meta_tags import description, language, last_modified
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_RELATED = 100
"""`<link>` elements of one page that are looked at for other forms of it."""

SHORT_REFRESH = 5
"""Seconds up to which a meta refresh is a redirect rather than a page that renews itself."""

_NOT_PAGES = re.compile(
    r"\.(?:7z|aac|apk|avi|avif|bin|bmp|bz2|class|css|csv|deb|dmg|docx?|dvi|eot|epub|exe|flac|gif|gz|ico|img|iso|jar"
    r"|jpe?g|js|json|m4[av]|map|mjs|mobi|mov|mp[34]|mpe?g|msi|od[pst]|og[agv]|otf|pdf|pkg|png|pptx?|ps|rar|rdf|rpm"
    r"|rss|so|svg|tar|tgz|tiff?|ttf|wasm|wav|webm|webp|whl|wm[av]|woff2?|xlsx?|xml|xz|ya?ml|zip|zst)",
    re.IGNORECASE,
)
_REFRESH = re.compile(
    r"""\s*(\d{1,9})(?:\.\d*)?\s*[;,]?\s*(?:url\s*=)?\s*["']?([^"']*)["']?\s*""", re.IGNORECASE
)
# Files about the site for programs; Sphinx puts the source of each page, as text, into `_sources`.
_NOTICES = frozenset(
    f"/{name}.txt"
    for name in (
        "robots",
        "llms",
        "llms-full",
        "llms-small",
        "humans",
        "ads",
        "app-ads",
        "security",
        "sitemap",
    )
)
_SPACE = re.compile(r"\s+")
_OURS = "llmreadybot"
_BESIDE = frozenset({"next", "prev"})


class Told(TypedDict):
    """What the converter says of a page, as the page's author wrote it, references included.

    `base` where there is one; `metas`, name, `http-equiv` and content of each; `related`, relation, address, type and
    whether a language is named of each `<link>`; `dates`, of the last change; `links`, addresses without fragments.
    """

    lang: str
    title: str
    heading: str
    base: NotRequired[str]
    metas: list[tuple[str, str, str]]
    related: list[tuple[str, str, str, bool]]
    dates: list[str]
    links: list[str]


class Alternate(NamedTuple):
    """Another form of a page: where it lies, its media type in small letters, whether it names a language."""

    url: Url
    type: str
    has_language: bool


@dataclass
class Page:
    """The facts of one HTML page, the page itself in UTF-8, and its Markdown, not yet sanitised.

    Texts are single lines, empty when the page does not say. `modified` is a date or time in ISO 8601.
    """

    source: bytes
    markdown: str
    title: str
    heading: str
    description: str
    site_name: str
    base: Url
    canonical: Url | None
    refresh: Url | None
    lang: str
    modified: str
    noindex: bool
    nofollow: bool
    links: list[Url]
    alternates: list[Alternate]

    @property
    def html(self) -> str:
        """The page as text."""
        return self.source.decode("utf-8", errors="replace")


def read_page(told: Told, url: Url, *, source: bytes, markdown: str, robots_header: str = "") -> Page:
    """Read the facts out of what the converter says of a page.

    Parameters: `told`; `url`, where it was found; `source` and `markdown`, the page in both forms; `robots_header`,
    its X-Robots-Tag. Links: without those to files that are no pages and those marked nofollow; each once, in their
    order.
    """
    metas = _metas(told["metas"])
    rules = _robots_rules(metas, robots_header)
    base = ("base" in told and join(url, attribute_of(told["base"]))) or url
    nofollow = bool(rules & {"nofollow", "none"})
    related = [
        (frozenset(relation.lower().split()), attribute_of(href), kind, has_language)
        for relation, href, kind, has_language in told["related"]
    ]
    canonical = next((href for relations, href, *_ in related if "canonical" in relations), None)
    alternates = [
        Alternate(other, kind.strip().lower(), has_language)
        for relations, href, kind, has_language in related[:MAX_RELATED]
        if "alternate" in relations and (other := join(base, href)) is not None
    ]
    beside = [
        href.partition("#")[0]
        for relation, href, *_ in told["related"]
        if not _BESIDE.isdisjoint(relation.lower().split())
    ]
    return Page(
        source=source,
        markdown=markdown,
        title=_text(told["title"]) or metas.get("og:title", "") or metas.get("twitter:title", ""),
        heading=_text(told["heading"]),
        description=description(metas),
        site_name=metas.get("og:site_name") or metas.get("application-name") or "",
        base=base,
        canonical=join(base, canonical) if canonical is not None else None,
        refresh=_refresh(metas.get("http-equiv:refresh", ""), base),
        lang=language(told["lang"], metas),
        modified=last_modified(metas, map(attribute_of, told["dates"])),
        noindex=bool(rules & {"noindex", "none"}),
        nofollow=nofollow,
        links=[] if nofollow else _links([*told["links"], *beside], base),
        alternates=alternates,
    )


def is_page_path(path: str) -> bool:
    """Say whether a path may be a page, judged by its extension."""
    if path in _NOTICES or "/_sources/" in path:
        return False
    dot = path.rfind(".", path.rfind("/") + 1)
    return dot == -1 or _NOT_PAGES.fullmatch(path, dot) is None


def _metas(told: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for written, equivalent, text in told:
        name = written.strip().lower()
        if not name and equivalent:
            name = f"http-equiv:{equivalent.strip().lower()}"
        content = _line(attribute_of(text))
        if name in ("robots", _OURS) and name in found:
            found[name] += f",{content}"
        elif name and content:
            found.setdefault(name, content)
    return found


def _robots_rules(metas: dict[str, str], header: str) -> set[str]:
    rules: set[str] = set()
    for text in (metas.get("robots", ""), metas.get(_OURS, "")):
        rules.update(part.strip().lower() for part in text.split(","))
    return rules | _header_rules(header)


def header_rules(header: str) -> tuple[bool, bool]:
    """Return whether an X-Robots-Tag keeps a page out, and whether it forbids to follow its links."""
    rules = _header_rules(header)
    return bool(rules & {"noindex", "none"}), bool(rules & {"nofollow", "none"})


def _header_rules(header: str) -> set[str]:
    rules: set[str] = set()
    agent = ""
    for part in header.lower().split(","):
        named, colon, rule = part.partition(":")
        if colon and named.strip() not in ("unavailable_after", "max-snippet", "max-image-preview"):
            agent, part = named.strip(), rule  # noqa: PLW2901 - a name holds for the rules after it
        if agent in ("", _OURS):
            rules.add(part.strip())
    return rules


def _links(hrefs: Iterable[str], base: Url) -> list[Url]:
    # All pages of a site resolve a link from its root alike, and all of a folder most others: the cache lives on it.
    root, folder = base._replace(path="/", query=""), base.folder
    found: dict[Url, None] = {}
    for href in hrefs:
        # The converter cuts fragments off; what a reference stood for may bring one.
        target = attribute_of(href).partition("#")[0] if "&" in href else href
        if not target:
            continue
        link = page_link(root if target[0] == "/" else base if target[0] == "?" else folder, target)
        if link is not None:
            found[link] = None
    return list(found)


@lru_cache(maxsize=16384)
def page_link(base: Url, href: str) -> Url | None:
    """Resolve a link, or return None when it leads to no page."""
    link = join(base, href)
    return link if link is not None and is_page_path(link.path) else None


def _refresh(content: str, base: Url) -> Url | None:
    match = _REFRESH.fullmatch(content)
    if match is None or int(match[1]) > SHORT_REFRESH or not match[2].strip():
        return None
    return join(base, match[2])


def _text(written: str) -> str:
    return _line(text_of(written))


def _line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
