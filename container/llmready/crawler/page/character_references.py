"""Character references in what a page's author wrote, resolved by the rules of the HTML standard."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_IN_ATTRIBUTE = re.compile(r"&(?:#[0-9]{1,9};?|#[xX][0-9A-Fa-f]{1,8};?|([A-Za-z][A-Za-z0-9]{0,40});?)(=?)")


def text_of(written: str) -> str:
    """Return the text that is meant by a text of a page."""
    return unescape(written) if "&" in written else written


def attribute_of(written: str) -> str:
    """Return the text that is meant by the value of an attribute.

    There `&copy=1` is no sign but a parameter: a name counts only with its semicolon, or as one of the old names
    where neither a letter, a digit nor an equals sign follows.
    """
    return _IN_ATTRIBUTE.sub(_resolved, written) if "&" in written else written


def _resolved(match: re.Match[str]) -> str:
    reference, name, equals = match[0], match[1], match[2]
    if equals and not reference.endswith(";="):
        return reference if name else unescape(reference[:-1]) + equals
    if name and not reference.endswith((";", ";=")) and name not in html5:
        return reference
    return unescape(reference.removesuffix("=")) + equals
