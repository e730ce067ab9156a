"""Read meta tags and the X-Robots-Tag header: description, language, last change, robots rules."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

from llmready.crawler.page.character_references import attribute_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OUR_ROBOT = "llmreadybot"
_WITH_COLON = frozenset({"unavailable_after", "max-snippet", "max-image-preview"})
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>?|<!--.*?(?:-->|\Z)", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_MODIFIED = (
    "article:modified_time",
    "og:updated_time",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
    "revised",
    "http-equiv:last-modified",
)
_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
)
_DATE_IN_PATH = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])(?:[/-](0[1-9]|[12]\d|3[01]))?[/-](?=.)")


def description(metas: Mapping[str, str]) -> str:
    """Return the description without markup; some generators put escaped tags into it."""
    for name in ("description", "og:description", "twitter:description"):
        text = " ".join(_TAG.sub("", unescape(metas.get(name, ""))).split())
        if text:
            return text
    return ""


def language(stated: str, metas: Mapping[str, str]) -> str:
    """Return the language of a page as a BCP 47 tag, such as `en` or `pt-BR`, or an empty text.

    Args:
        stated: Attribute `lang` of the root element.
        metas: Contents of the meta tags by name.
    """
    for text in (stated, metas.get("http-equiv:content-language", ""), metas.get("og:locale", "")):
        found = _LANGUAGE.fullmatch(text.strip())
        if found:
            return found[0].replace("_", "-")
    return ""


def last_modified(metas: Mapping[str, str], dates: Iterable[str]) -> str:
    """Return the time of the last change in ISO 8601, or an empty text.

    Args:
        metas: Contents of the meta tags by name.
        dates: Dates from structured data and `<time>`, the most reliable first.
    """
    stated = (metas.get(name, "") for name in _MODIFIED)
    return next(filter(None, map(iso_date, (*stated, *dates))), "")


def published(metas: Mapping[str, str], dates: Iterable[str], path: str) -> str:
    """Return the date of the publication as YYYY-MM-DD, or YYYY-MM from a path alone, or an empty text.

    Args:
        metas: Contents of the meta tags by name.
        dates: Dates from structured data and `<time>`, the most reliable first.
        path: Path of the page. Blogs often write the date into it.
    """
    stated = (metas.get(name, "") for name in _PUBLISHED)
    if found := next(filter(None, map(iso_date, (*stated, *dates))), ""):
        return found[:10]
    in_path = _DATE_IN_PATH.search(path)
    return "-".join(part for part in in_path.groups() if part) if in_path else ""


@lru_cache(maxsize=1024)
def iso_date(text: str) -> str:
    """Return a date or time in ISO 8601, or an empty text.

    Args:
        text: A date in ISO 8601 or in the format of HTTP and mail (RFC 9110, RFC 5322).
    """
    text = text.strip()
    if not text:
        return ""
    if _ISO.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return ""
        return text.replace(" ", "T")
    try:
        return parsedate_to_datetime(text).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def read_metas(raw: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return the content of each meta tag by its name.

    The first tag with a name is used. Robots rules are combined.

    Args:
        raw: Name, `http-equiv` and content of each tag.
    """
    found: dict[str, str] = {}
    for written, equivalent, text in raw:
        name = written.strip().lower()
        if not name and equivalent:
            name = f"http-equiv:{equivalent.strip().lower()}"
        content = one_line(attribute_of(text))
        if name in ("robots", _OUR_ROBOT) and name in found:
            found[name] += f",{content}"
        elif name and content:
            found.setdefault(name, content)
    return found


def robots_rules(metas: Mapping[str, str], header: str) -> set[str]:
    """Return the robots rules of a page from its meta tags and its X-Robots-Tag, in lower case."""
    rules: set[str] = set()
    for text in (metas.get("robots", ""), metas.get(_OUR_ROBOT, "")):
        rules.update(part.strip().lower() for part in text.split(","))
    return rules | _header_rules(header)


def header_rules(header: str) -> tuple[bool, bool]:
    """Return whether an X-Robots-Tag has `noindex`, and whether it has `nofollow`; `none` means both."""
    rules = _header_rules(header)
    return bool(rules & {"noindex", "none"}), bool(rules & {"nofollow", "none"})


def _header_rules(header: str) -> set[str]:
    rules: set[str] = set()
    agent = ""
    for part in header.lower().split(","):
        named, colon, rule = part.partition(":")
        if colon and named.strip() not in _WITH_COLON:
            agent, part = named.strip(), rule  # noqa: PLW2901 - a robot's name holds for the rules after it
        if agent in ("", _OUR_ROBOT):
            rules.add(part.strip())
    return rules


def one_line(text: str) -> str:
    """Return the text with each run of white space as one space."""
    return _SPACE.sub(" ", text).strip()
