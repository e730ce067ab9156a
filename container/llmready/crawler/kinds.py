"""Classify pages by address and title: content, or a list, notice or form that readers can skip.

Sites write these names in their own language, in the Latin alphabet or in their own script. Names are compared
without diacritics, case and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote

from llmready.crawler.kind_names import (
    ACCESSIBILITY,
    ARCHIVES,
    AUTHORS,
    CATEGORIES,
    FILTERS,
    LEGAL_BEGINNINGS,
    LEGAL_PHRASES,
    LEGAL_WORDS,
    PAGINATION,
    SEARCH,
    SESSION,
    SITEMAPS,
    STEPS,
    TAGS,
    WIDGETS,
    WORDS_BESIDE_LEGAL,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.urls import Url


class Kind(StrEnum):
    """The kind of a page. Messages use the value to name a page of this kind."""

    CONTENT = "content"
    CHANGES = "change log"
    TRANSLATION = "translation"
    LEGAL = "legal"
    INDEX = "generated index"
    CATEGORY = "category"
    TAG = "tag"
    AUTHOR = "author"
    ARCHIVE = "date archive"
    PAGINATION = "further page of a list"
    FILTER = "filter"
    SEARCH = "search"
    LOGIN = "login"


LONGEST_LEGAL_TITLE = 60
"""Greatest length of a title that may name a legal page, in characters. A longer title belongs to a text
about the subject.
"""

_KEPT = frozenset({Kind.CONTENT, Kind.CHANGES})
_EXTENSION = re.compile(r"\.(?:x?html?|php[0-9]?|aspx?|jspx?|cgi|md|txt)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[a-z]{2,4})?", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d|[01]?\d|[0-3]\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LEGAL_NAMES = re.compile(
    r"""(?xi)
    (?:privacy|cookies?|data-protection|gdpr|ccpa|legal|terms|disclaimer|imprint|impressum|copyright|licen[cs]es?
        |accessibility|refunds?|returns?|acceptable-use|dmca)(?:[-_](?:policy|notice|statement|settings|information
        |info|of[-_](?:use|service|sale)|and[-_]conditions|conditions|service|use|page))*
    """
)
_CHANGES = re.compile(r"(?i)change-?logs?|changes|release[-_]?notes?|releases|whats-?new|what-s-new|versions")
_INDEXES = re.compile(
    r"""(?xi)
    gen-?index(?:[-_]\w+)?|py-modindex|modindex|np-modindex|index-all|index-files
        |allclasses(?:[-_](?:index|noframe|frame))?|allpackages-index|deprecated-list|overview-tree
        |package-tree|package-use|package-frame|class-use|constant-values|serialized-form|help-doc|sitemap|site-map
        |external-refs|ld-id\w+|doc-files|src-html|_modules|_sources|globals(?:_\w+)?|functions_\w+|namespacemembers(?:_\w+)?
        |bugs|colophon|acknowledge?ments?|credits|contributors|print
        |40[34]|not-found
    """
)
_WIKI_LISTS = re.compile(
    r"(?i)(?:special|spezial|especial|kategorie|category|categorie|categoria|user|talk):.+"
)


def kind_of(url: Url, title: str = "", shared: int = 0) -> Kind:
    """Return the kind of a page.

    Args:
        url: URL of the page.
        title: Title of the page, or empty if it is not known yet.
        shared: Number of leading folders that all pages of the site have in common.
    """
    kind = _kind_of_key(url.key, shared)
    if kind is not Kind.CONTENT or not title:
        return kind
    if _slug(title) in SITEMAPS:
        return Kind.INDEX
    return Kind.LEGAL if _is_legal_title(title) else kind


def gives_way(kind: Kind) -> bool:
    """Return whether content has priority over pages of this kind if not all pages fit into the result."""
    return kind not in _KEPT


@lru_cache(maxsize=8192)
def names_a_list(title: str) -> bool:
    """Return whether a title belongs to a list or a widget, such as “Recent posts”."""
    name = _slug(title)
    return name in WIDGETS or name in SEARCH or any(name in known for _, known in _LISTS)


@lru_cache(maxsize=8192)
def names_a_widget(title: str) -> bool:
    """Return whether a title is that of a box whose links do not show the structure of the site."""
    return _slug(title) in WIDGETS


@lru_cache(maxsize=8192)
def names_a_step(label: str) -> bool:
    """Return whether the label of a link is “Next” or similar."""
    return _slug(label) in STEPS


_ORDER_OF_LISTS = (Kind.PAGINATION, Kind.ARCHIVE, Kind.CATEGORY, Kind.TAG, Kind.AUTHOR)


def order_of_lists(kind: Kind) -> int:
    """Return which lists are fetched first: those that lead to most content."""
    return _ORDER_OF_LISTS.index(kind) if kind in _ORDER_OF_LISTS else len(_ORDER_OF_LISTS)


@lru_cache(maxsize=65536)
def _kind_of_key(key: str, shared: int) -> Kind:
    path, _, query = key.partition("?")
    whole = [part for part in path.split("/") if part]
    if whole:
        # `page2/` continues a list; old sites name any page `page2.html`.
        if len(whole) == 1 and _NUMBERED_FILE.fullmatch(whole[0]):
            return _kind_of_query(query) or Kind.CONTENT
        whole[-1] = _EXTENSION.sub("", whole[-1]) or whole[-1]
    # A page outside of the folder that contains most pages is classified by its whole path.
    parts = whole[shared:] or whole
    return _kind_of_path(parts) or _kind_of_query(query) or Kind.CONTENT


def _kind_of_path(parts: Sequence[str]) -> Kind | None:
    names = [_slug(part) for part in parts]
    for part, name in zip(parts, names, strict=True):
        if kind := _kind_of_name(part, name):
            return kind
    return _kind_of_list(names) or _kind_of_top(names)


def _kind_of_list(names: Sequence[str]) -> Kind | None:
    # A list is a folder or a top-level page; a page about tags within a guide is not a list.
    for place, name in enumerate(names[: max(1, len(names) - 1)]):
        for kind, known in _LISTS:
            if name in known and _DOCUMENTATION.isdisjoint(names[:place]):
                return kind
    if any(name in PAGINATION and after.isdecimal() for name, after in pairwise(names)):
        return Kind.PAGINATION
    return Kind.PAGINATION if any(_NUMBERED_PAGE.fullmatch(name) for name in names) else None


def _kind_of_top(names: Sequence[str]) -> Kind | None:
    """Return the kind of a top-level page of a site, or of one of its languages."""
    own = names[1:] if len(names) > 1 and _LANGUAGE.fullmatch(names[0]) else names
    if own and own[0] in SEARCH:
        return Kind.SEARCH
    if own and own[0] in SESSION and len(own) < 3:
        return Kind.LOGIN
    if len(own) == 1 and own[0] in SITEMAPS:
        return Kind.INDEX
    if len(own) == 1 and own[0] in ACCESSIBILITY:
        return Kind.LEGAL
    is_date = own and _YEAR.fullmatch(own[0]) and all(map(_DATE.fullmatch, own))
    return Kind.ARCHIVE if is_date else None


_LISTS = (
    (Kind.TAG, TAGS),
    (Kind.CATEGORY, CATEGORIES),
    (Kind.AUTHOR, AUTHORS),
    (Kind.ARCHIVE, ARCHIVES),
)


_DOCUMENTATION = frozenset({"docs", "doc", "documentation", "api", "reference", "manual"})
_NUMBERED_FILE = re.compile(r"page-?\d+\.x?html?")
_NUMBERED_PAGE = re.compile(r"page-?\d+")


def _kind_of_name(part: str, name: str) -> Kind | None:
    if _LEGAL_NAMES.fullmatch(part) or _is_legal(name.split("-")):
        return Kind.LEGAL
    if _CHANGES.fullmatch(part):
        return Kind.CHANGES
    if _INDEXES.fullmatch(part):
        return Kind.INDEX
    if re.fullmatch(r"search-results?", name):
        return Kind.SEARCH
    if _WIKI_LISTS.fullmatch(part):
        return Kind.CATEGORY if "ategor" in part[:9].lower() else Kind.INDEX
    return Kind.LEGAL if not name.isascii() and _LEGAL_PHRASE.search(name) else None


def _kind_of_query(query: str) -> Kind | None:
    if not query:
        return None
    for name in (part.partition("=")[0].lower().rstrip("[]") for part in query.split("&")):
        if name in ("s", "q", "query", "search", "keyword", "keywords"):
            return Kind.SEARCH
        if name in ("page", "paged", "pg", "seite", "offset"):
            return Kind.PAGINATION
        if name in FILTERS or name.startswith(("filter", "facet", "pa_")):
            return Kind.FILTER
        if name in ("tag", "cat", "category", "author"):
            return {"tag": Kind.TAG, "author": Kind.AUTHOR}.get(name, Kind.CATEGORY)
    return None


@lru_cache(maxsize=16384)
def _is_legal_title(title: str) -> bool:
    if len(title) > LONGEST_LEGAL_TITLE:
        return False
    slug = _slug(title)
    return _is_legal(slug.split("-")) or (not slug.isascii() and _LEGAL_PHRASE.search(slug) is not None)


def _is_legal(words: Sequence[str]) -> bool:
    """Return whether these words name a legal page: at least one does, and the others usually accompany it."""
    if len(words) > 1 and _LEGAL_BEGINNING.fullmatch("-".join(words)):
        return True
    return any(word in LEGAL_WORDS for word in words) and all(
        word in LEGAL_WORDS or word in WORDS_BESIDE_LEGAL for word in words
    )


_LEGAL_BEGINNING = re.compile(rf"(?:{'|'.join(LEGAL_BEGINNINGS)})(?:-\w+){{0,3}}")
_LEGAL_PHRASE = re.compile("|".join(map(re.escape, LEGAL_PHRASES)))


@lru_cache(maxsize=32768)
def _slug(text: str) -> str:
    """Return a text in small letters without diacritics, its words joined by hyphens."""
    text = unquote(text, errors="replace") if "%" in text else text
    if text.isascii():
        text = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", text.casefold())
        text = unicodedata.normalize("NFC", "".join(sign for sign in folded if not _is_diacritic(sign)))
        text = text.translate(_LETTERS)
    return "-".join(word for word in _BETWEEN_WORDS.split(text) if word)


_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "\u0451": "\u0435"}
)
_BETWEEN_WORDS = re.compile(r"[^\w\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]+|_+")


def _is_diacritic(sign: str) -> bool:
    # Marks of Latin, Greek, Cyrillic, Hebrew and Arabic; those of Thai or Devanagari belong to the letters.
    return "\u0300" <= sign <= "\u036f" or "\u0591" <= sign <= "\u05c7" or "\u064b" <= sign <= "\u065f"
