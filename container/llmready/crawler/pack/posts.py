"""Recognise the posts of a blog, order them, and divide many posts by topic."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.kinds import gives_way, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmready.crawler.model import StoredPage

FEWEST_POSTS = 3
SHARE_OF_POSTS = 0.6
"""Minimum share of dated pages in a section of posts."""

MOST_TOGETHER = 60
"""Maximum posts of one section; more are divided by topic or by year."""

MOST_TOPICS = 20

_UNDATED = frozenset({"documentation", "forum", "product", "collection", "listing"})


def is_post(page: StoredPage) -> bool:
    """Return whether a page is a post: it has a date of publication and is not a list of posts."""
    is_dated = bool(page.published) and page.depth > 0 and page.page_type not in _UNDATED
    return is_dated and not gives_way(kind_of(page.url))


def are_posts(pages: Sequence[StoredPage]) -> bool:
    """Return whether a section consists of posts, which are listed newest first."""
    posts = sum(map(is_post, pages))
    return posts >= FEWEST_POSTS and posts >= SHARE_OF_POSTS * len(pages)


def newest_first(page: StoredPage) -> tuple[bool, tuple[int, ...]]:
    """Return the sort key of posts: pages without a date first, then the newest."""
    return is_post(page), tuple(-ord(sign) for sign in page.published) if is_post(page) else ()


def divided(name: str, pages: Iterable[StoredPage]) -> dict[str, list[StoredPage]]:
    """Divide many posts by their topics, or by years. The most frequent topic or the newest year is first."""
    pages = list(pages)
    topics: defaultdict[str, list[StoredPage]] = defaultdict(list)
    for page in pages:
        topics[page.topic].append(page)
    named = sum(len(group) for topic, group in topics.items() if topic)
    if 1 < len(topics) <= MOST_TOPICS and named >= SHARE_OF_POSTS * len(pages):
        order = sorted(topics, key=lambda topic: (not topic, -len(topics[topic]), topic))
        return {topic or name: topics[topic] for topic in order}
    years = Counter(page.published[:4] for page in pages)
    if len(years) < 2:
        return {name: pages}
    return {
        f"{name} {year}".strip(): [page for page in pages if page.published[:4] == year]
        for year in sorted(years, reverse=True)
    }
