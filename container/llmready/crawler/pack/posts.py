"""Posts of a blog: which pages are posts, in which order they stand, and how many of them are divided by topic."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.kinds import gives_way, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmready.crawler.model import StoredPage

FEWEST_POSTS = 3
SHARE_OF_POSTS = 0.6
"""The share of dated pages from which on a section is one of posts."""

MOST_TOGETHER = 60
"""Posts that stand in one section; more are divided by topic, or by year."""

MOST_TOPICS = 20

_UNDATED = frozenset({"documentation", "forum", "product", "collection", "listing"})


def is_post(page: StoredPage) -> bool:
    """Tell whether a page is a post: it says when it was published, and is no list of posts."""
    is_dated = bool(page.published) and page.depth > 0 and page.page_type not in _UNDATED
    return is_dated and not gives_way(kind_of(page.url))


def are_posts(pages: Sequence[StoredPage]) -> bool:
    """Tell whether a section is one of posts, which stand newest first."""
    posts = sum(map(is_post, pages))
    return posts >= FEWEST_POSTS and posts >= SHARE_OF_POSTS * len(pages)


def newest_first(page: StoredPage) -> tuple[bool, tuple[int, ...]]:
    """Return what orders posts: pages without a date first, then the newest."""
    return is_post(page), tuple(-ord(sign) for sign in page.published) if is_post(page) else ()


def divided(name: str, pages: Iterable[StoredPage]) -> dict[str, list[StoredPage]]:
    """Divide many posts by the topics that they name, else by years; the commonest topic or newest year first."""
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
