"""Which pages the format's `Optional` section holds: those that a reader short of space can skip."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from llmready.crawler.pack.words import segments

if TYPE_CHECKING:
    from llmready.crawler.model import StoredPage

# Legal notices, lists that only repeat what other pages have, generated indexes, records of past changes, and views
# of source code. Whole names of folders or pages, as blogs, shops and documentation generators write them.
_NAMES = re.compile(
    r"""(?xi)
    (?:privacy|cookies?|data-protection|gdpr|ccpa|legal|terms|disclaimer|imprint|impressum|copyright|licen[cs]es?
        |accessibility|refunds?|returns?|acceptable-use|dmca)(?:[-_](?:policy|notice|statement|settings|information
        |info|of[-_](?:use|service|sale)|and[-_]conditions|conditions|service|use|page))*
    | (?:tos|agb|datenschutz|mentions-legales)
    | (?:change-?logs?|changes|release[-_]?notes?|releases|whats-?new|what-s-new|versions)
    | (?:gen-?index(?:[-_]\w+)?|py-modindex|modindex|np-modindex|index-all|index-files
        |search-results?|allclasses(?:[-_](?:index|noframe|frame))?|allpackages-index|deprecated-list|overview-tree
        |package-tree|package-use|package-frame|class-use|constant-values|serialized-form|help-doc|sitemap|site-map
        |external-refs|doc-files|src-html|_modules|_sources|globals(?:_\w+)?|functions_\w+|namespacemembers(?:_\w+)?
        |bugs|colophon|acknowledge?ments?|credits|contributors|print)
    | 40[34] | not-found | page\d+
    """
)
_LISTS = re.compile(r"(?i)tags?|categor(?:y|ies)|authors?|archives?")
"""Lists of pages when they are folders or stand at the top: /tag/x, /archives; a guide's page on tags is none."""

_LEGAL_TITLE = re.compile(
    r"(?i)(?:privacy (?:policy|notice)|cookie policy|terms (?:of (?:use|service)|and conditions|& conditions)"
    r"|legal notice|imprint|impressum|copyright|license|licence)\.?"
)


def is_skippable(page: StoredPage, title: str, shared: int) -> bool:
    """Say whether a page is one to skip.

    Parameters: `page`; its cleaned `title`; `shared`, how many leading folders all pages of the site have.
    """
    # A page above the folder that holds most is judged by its whole path.
    parts = segments(page.url)[shared:] or segments(page.url)
    if any(map(_is_name, parts)):
        return True
    if parts[:1] == ["search"] or any(_LISTS.fullmatch(part) for part in parts[: max(1, len(parts) - 1)]):
        return True
    if any(part == "page" and after.isdecimal() for part, after in pairwise(parts)):
        return True
    return _LEGAL_TITLE.fullmatch(title) is not None


@lru_cache(maxsize=8192)
def _is_name(part: str) -> bool:
    return _NAMES.fullmatch(part) is not None
