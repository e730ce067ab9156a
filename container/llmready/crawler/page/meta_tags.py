"""What a page says about itself in the head: its description, language and when it was last changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from html import unescape

_TAG = re.compile(r"</?[A-Za-z][^<>]*>?|<!--.*?(?:-->|$)")
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


def description(metas: Mapping[str, str]) -> str:
    """Return what the page says that it is about, without markup: some generators write escaped tags there."""
    for name in ("description", "og:description", "twitter:description"):
        text = " ".join(_TAG.sub("", unescape(metas.get(name, ""))).split())
        if text:
            return text
    return ""


def language(stated: str, metas: Mapping[str, str]) -> str:
    """Return the language of a page as BCP 47 has it, such as `en` or `pt-BR`, or nothing.

    Parameters: `stated`, what its root element says; `metas`, by name.
    """
    for text in (stated, metas.get("http-equiv:content-language", "")):
        found = _LANGUAGE.fullmatch(text.strip())
        if found:
            return found[0].replace("_", "-")
    return ""


def last_modified(metas: Mapping[str, str], dates: Iterable[str]) -> str:
    """Return when the page says that it was changed, in ISO 8601, or nothing.

    Parameters: `metas`, by name; `dates`, what its structured data and its `<time>` elements say, the best first.
    """
    stated = (metas.get(name, "") for name in _MODIFIED)
    return next(filter(None, map(iso_date, (*stated, *dates))), "")


@lru_cache(maxsize=1024)
def iso_date(text: str) -> str:
    """Return a date or time in ISO 8601 from that or from the form of HTTP and mail, or nothing."""
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
