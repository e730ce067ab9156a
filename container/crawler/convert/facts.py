"""What a page says about itself in the head: its description, language and when it was last changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_TAG = re.compile(r"</?[A-Za-z][^<>]*>?|<!--.*?(?:-->|$)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_STRUCTURED = re.compile(r'"dateModified"\s*:\s*"([^"]{8,40})"')
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


def language(tree: LexborHTMLParser, metas: Mapping[str, str]) -> str:
    """Return the language of a page as BCP 47 has it, such as `en` or `pt-BR`, or nothing."""
    root = tree.root
    attributes = root.attributes if root is not None else {}
    for text in (
        attributes.get("lang"),
        attributes.get("xml:lang"),
        metas.get("http-equiv:content-language"),
    ):
        found = _LANGUAGE.fullmatch((text or "").strip())
        if found:
            return found[0].replace("_", "-")
    return ""


def last_modified(
    html: str, tree: LexborHTMLParser, metas: Mapping[str, str], times: Sequence[Mapping[str, str | None]]
) -> str:
    """Return when the page says that it was changed, in ISO 8601, or nothing.

    Parameters: `html` and its `tree`; `metas`, by name; `times`, the attributes of its `<time>` elements.
    """
    for name in _MODIFIED:
        found = iso_date(metas.get(name, ""))
        if found:
            return found
    # Most pages have none, which their text tells sooner than their tree.
    scripts = tree.css("script[type='application/ld+json' i]")[:10] if '"dateModified"' in html else ()
    for node in scripts:
        stated = _STRUCTURED.search(node.text())
        found = iso_date(stated[1]) if stated else ""
        if found:
            return found
    stamp = next(filter(_is_change, times), None)
    return iso_date(stamp.get("datetime") or "") if stamp is not None else ""


def _is_change(time: Mapping[str, str | None]) -> bool:
    is_stated = (time.get("itemprop") or "").lower() == "datemodified"
    return is_stated or "updated" in (time.get("class") or "").split()


def iso_date(text: str) -> str:
    """Return a date or time in ISO 8601 from that or from the form of HTTP and mail, or nothing."""
    text = text.strip()
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
