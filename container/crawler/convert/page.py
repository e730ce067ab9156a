"""What a page says about itself: title, links, canonical URL, whether robots may keep or follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from crawler.convert.facts import description, language, last_modified
from crawler.frontier.urls import Url, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from selectolax.lexbor import LexborNode

MAX_LINKS = 5000
"""Links of one page that are looked at; a page with more is a trap."""

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
# Each selector is a walk through the whole tree, so what can be found in one is.
_HEAD = "meta[content], link[href], base[href], time[itemprop], time[class]"
_ANCHORS = "a[href]:not([rel~=nofollow i]), area[href]:not([rel~=nofollow i])"
_FRAMES = "frame[src], iframe[src]"
_FRAME_MENTIONS = ("frame", "FRAME", "Frame")


@dataclass(slots=True)
class Page:
    """The facts of one HTML page, and the page itself.

    Texts are single lines, empty when the page does not say. `modified` is a date or time in ISO 8601.
    """

    html: str
    tree: LexborHTMLParser
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
    alternates: list[Mapping[str, str | None]]
    """The attributes of each `<link rel=alternate href>`."""


def read_page(html: str, url: Url, robots_header: str = "") -> Page:
    """Read the facts out of a page.

    Parameters: `html`; `url`, where it was found; `robots_header`, its X-Robots-Tag.
    Links: without those to files that are no pages and those marked nofollow; each once, in their order.
    """
    tree = LexborHTMLParser(html)
    head = _head(tree)
    metas = _metas(head.metas)
    rules = _robots_rules(metas, robots_header)
    base = (head.base is not None and join(url, head.base)) or url
    nofollow = bool(rules & {"nofollow", "none"})
    canonical = head.related("canonical")
    return Page(
        html=html,
        tree=tree,
        title=_text(tree.css_first("head title"))
        or metas.get("og:title", "")
        or metas.get("twitter:title", ""),
        heading=_text(tree.css_first("h1")),
        description=description(metas),
        site_name=metas.get("og:site_name") or metas.get("application-name") or "",
        base=base,
        canonical=join(base, canonical[0].get("href") or "") if canonical else None,
        refresh=_refresh(metas.get("http-equiv:refresh", ""), base),
        lang=language(tree, metas),
        modified=last_modified(html, tree, metas, head.times),
        noindex=bool(rules & {"noindex", "none"}),
        nofollow=nofollow,
        links=[] if nofollow else _links(html, tree, head, base),
        alternates=head.related("alternate"),
    )


def is_page_path(path: str) -> bool:
    """Say whether a path may be a page, judged by its extension."""
    if path in _NOTICES or "/_sources/" in path:
        return False
    dot = path.rfind(".", path.rfind("/") + 1)
    return dot == -1 or _NOT_PAGES.fullmatch(path, dot) is None


class _Head(NamedTuple):
    """The first `<base href>`, and the attributes of metas, of links with their relations, and of times."""

    base: str | None
    metas: list[Mapping[str, str | None]]
    links: list[tuple[frozenset[str], Mapping[str, str | None]]]
    times: list[Mapping[str, str | None]]

    def related(self, *relations: str) -> list[Mapping[str, str | None]]:
        return [attributes for its, attributes in self.links if not its.isdisjoint(relations)]


def _head(tree: LexborHTMLParser) -> _Head:
    base: str | None = None
    metas: list[Mapping[str, str | None]] = []
    links: list[tuple[frozenset[str], Mapping[str, str | None]]] = []
    times: list[Mapping[str, str | None]] = []
    for node in tree.css(_HEAD):
        attributes = node.attributes
        if node.tag == "meta":
            metas.append(attributes)
        elif node.tag == "link":
            links.append((frozenset((attributes.get("rel") or "").lower().split()), attributes))
        elif node.tag == "time":
            times.append(attributes)
        elif base is None:
            base = attributes.get("href") or ""
    return _Head(base, metas, links, times)


def _metas(nodes: Iterable[Mapping[str, str | None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for attributes in nodes:
        name = (attributes.get("name") or attributes.get("property") or "").strip().lower()
        if not name and attributes.get("http-equiv"):
            name = f"http-equiv:{(attributes['http-equiv'] or '').strip().lower()}"
        content = _line(attributes.get("content") or "")
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


def _links(html: str, tree: LexborHTMLParser, head: _Head, base: Url) -> list[Url]:
    written = [node.attrs.get("href") for node in tree.css(_ANCHORS)]
    if any(mention in html for mention in _FRAME_MENTIONS):
        written += [node.attrs.get("src") for node in tree.css(_FRAMES)]
    written += [attributes.get("href") for attributes in head.related("next", "prev")]
    hrefs = dict.fromkeys((href or "").partition("#")[0] for href in written)
    hrefs.pop("", None)
    # All pages of a site resolve a link from its root alike, and all of a folder most others: the cache lives on it.
    root, folder = base._replace(path="/", query=""), base.folder
    found: dict[Url, None] = {}
    for href in list(hrefs)[:MAX_LINKS]:
        link = page_link(root if href[0] == "/" else base if href[0] == "?" else folder, href)
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


def _text(node: LexborNode | None) -> str:
    return _line(node.text()) if node else ""


def _line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
