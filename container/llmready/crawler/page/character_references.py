"""Resolve character references by the rules of the HTML standard."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_IN_ATTRIBUTE = re.compile(r"&(?:#[0-9]{1,9};?|#[xX][0-9A-Fa-f]{1,8};?|([A-Za-z][A-Za-z0-9]{0,40});?)(=?)")


def text_of(written: str) -> str:
    """Return a text of a page with its character references resolved."""
    return unescape(written) if "&" in written else written


def attribute_of(written: str) -> str:
    """Return the value of an attribute with its character references resolved.

    `&copy=1` stays unchanged, because in an attribute it is a query parameter. The standard allows some names
    without a semicolon. They are resolved if no letter, digit or equals sign follows.
    """
    return _IN_ATTRIBUTE.sub(_resolved, written) if "&" in written else written


def _resolved(match: re.Match[str]) -> str:
    reference, name, equals = match[0], match[1], match[2]
    if equals and not reference.endswith(";="):
        return reference if name else unescape(reference[:-1]) + equals
    if name and not reference.endswith((";", ";=")) and name not in html5:
        return reference
    return unescape(reference.removesuffix("=")) + equals
