"""The frontier's record of a page that may be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmready.crawler.urls import Url


@dataclass(slots=True)
class Candidate:
    """A page that may be fetched: its distance from the start page, its attempts, its importance (0 to 1)."""

    url: Url
    depth: int
    priority: float = 0.5
    links_in: int = 1
    is_shared: bool = False
    """Whether several pages link to this one."""
    is_confirmed: bool = False
    """Whether one of these other pages is in the result."""
    is_alternate: bool = False
    """Whether another page was stored with the Markdown of this one. It is not stored again if it is Markdown."""
    hops: int = 0
    attempts: int = 0
    asked: Url | None = None
    """The URL that the site links to, where a redirect led to this one."""
    copy_of: Url | None = None
    """The page that named this page as its canonical URL. It is fetched again if this page fails."""
    stays: bool = False
    """Whether the page is kept although it names another one as its canonical URL."""
    has_cookies: bool = False
    """Whether a redirect on the way to this page set a cookie."""
    has_reloaded: bool = False
    """Whether the page was fetched again because it set a cookie and reloaded itself."""
    is_late: bool = False
    """Whether the page is a list, a notice or a form. It is dropped from the result if content needs its
    place.
    """
    is_last: bool = False
    """Whether the page is fetched only when nothing else is left; see `Setbacks`."""
    size: int = 0
    """Bytes of the response."""
    source: str = ""
    """`short_name` of the key of the page that links to this one. Empty for sitemaps and the start page."""


def restored_candidate(state: dict[str, Any]) -> Candidate:
    """Return the candidate that `state` describes, which `dataclasses.asdict` made."""
    urls = {name: state[name] and Url(*state[name]) for name in ("url", "asked", "copy_of")}
    return Candidate(**{**state, **urls})
