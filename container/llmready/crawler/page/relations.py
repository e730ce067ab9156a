"""Read the other formats and languages of a page from `<link>` elements and Link headers (RFC 8288)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response
    from llmready.crawler.page.metadata import PageMetadata

_FEEDS = frozenset({"application/rss+xml", "application/atom+xml"})
_MARKDOWN = frozenset({"text/markdown", "text/x-markdown"})
_LINK = re.compile(r"<([^<>]{1,2000})>\s*((?:;[^,;<>\"]{1,200}(?:\"[^\"]{0,200}\")?){0,20})")
_LONGEST_HEADER = 10_000


@dataclass(slots=True)
class Relations:
    """Other formats and languages of a page.

    Attributes:
        translations: Other languages, and regional variants that may have the same text.
        markdown: The page in Markdown, or None.
        canonical: The canonical URL that the headers name (RFC 6596), or None.
        feeds: RSS and Atom feeds.
    """

    translations: list[Url] = field(default_factory=list)
    markdown: Url | None = None
    canonical: Url | None = None
    feeds: list[Url] = field(default_factory=list)


def read_relations(metadata: PageMetadata, response: Response) -> Relations:
    """Read the relations from the metadata of a page and from the Link header of its response."""
    found = Relations()
    for url, kind, language in metadata.alternates:
        _add(found, url, kind, is_translation=bool(language))
    header = response.headers.get("Link", "")
    for target, parameters in _LINK.findall(header[:_LONGEST_HEADER]) if header else ():
        words = parameters.lower().replace(" ", "").replace('"', "").split(";")
        other = join(response.url, target)
        if other is not None and "rel=canonical" in words:
            found.canonical = found.canonical or other
        elif other is not None and "rel=alternate" in words:
            kind = next((word[5:] for word in words if word.startswith("type=")), "")
            _add(found, other, kind, is_translation=any(word.startswith("hreflang=") for word in words))
    return found


def _add(found: Relations, url: Url, kind: str, *, is_translation: bool) -> None:
    if kind in _MARKDOWN:
        found.markdown = found.markdown or url
    elif kind in _FEEDS:
        found.feeds.append(url)
    elif is_translation:
        found.translations.append(url)
