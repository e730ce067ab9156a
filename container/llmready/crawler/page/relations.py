"""What a page says about other forms of itself: translations, a Markdown form, feeds (RFC 8288 link relations)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from llmready.crawler.fetch.client import Response
    from llmready.crawler.page.metadata import Page

_FEEDS = frozenset({"application/rss+xml", "application/atom+xml"})
_MARKDOWN = frozenset({"text/markdown", "text/x-markdown"})
_LINK = re.compile(r"<([^<>]{1,2000})>\s*((?:;[^,;<>\"]{1,200}(?:\"[^\"]{0,200}\")?){0,20})")


@dataclass(slots=True)
class Relations:
    """The alternates of a page: `translations` also holds regional variants that may be the very same page.

    `canonical` is the one that the headers name (RFC 6596).
    """

    translations: list[Url] = field(default_factory=list)
    markdown: Url | None = None
    canonical: Url | None = None
    feeds: list[Url] = field(default_factory=list)


def read_relations(facts: Page, response: Response) -> Relations:
    """Read the alternates that a page and the headers of its answer name."""
    found = Relations()
    for url, kind, has_language in facts.alternates:
        _note(found, url, kind, translation=has_language)
    header = response.headers.get("Link", "")
    for written, parameters in _LINK.findall(header[:10_000]) if header else ():
        words = parameters.lower().replace(" ", "").replace('"', "").split(";")
        target = join(response.url, written)
        if target is not None and "rel=canonical" in words:
            found.canonical = found.canonical or target
        elif target is not None and "rel=alternate" in words:
            kind = next((word[5:] for word in words if word.startswith("type=")), "")
            _note(found, target, kind, translation=any(word.startswith("hreflang=") for word in words))
    return found


def _note(found: Relations, url: Url, kind: str, *, translation: bool) -> None:
    if kind in _MARKDOWN:
        found.markdown = found.markdown or url
    elif kind in _FEEDS:
        found.feeds.append(url)
    elif translation:
        found.translations.append(url)
