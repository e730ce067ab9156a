"""Decide whether the destination of a link or an image may stay."""

from __future__ import annotations

import html
import re

from llmready.crawler.characters import without_unseen

SAFE_SCHEMES = frozenset(
    {"http", "https", "ftp", "mailto", "sms", "tel", "irc", "ircs", "matrix", "tg", "whatsapp", "xmpp"}
    | {"geo", "magnet", "webcal"}
)
"""None of them runs code in a browser."""

SEEN = 100
"""Number of characters of a destination that are examined. A destination without a scheme in them is unsafe."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):")
_CUT_REFERENCE = re.compile(r"&#?[0-9A-Za-z]*\Z")
"""A character reference in which the examined part may end. Its `#` does not show that no scheme follows."""


def is_safe(destination: str) -> bool:
    """Return whether a destination has a safe scheme, or is relative.

    Character references, backslashes, white space and invisible characters are ignored, because browsers
    ignore some of them.

    Args:
        destination: The destination as it is written in Markdown. Its first 100 characters are enough.
    """
    is_whole = len(destination) < SEEN
    if not is_whole:
        destination = _CUT_REFERENCE.sub("", destination)
    plain = without_unseen("".join(html.unescape(destination).replace("\\", "").split())).lower()
    match = _SCHEME.match(plain)
    if match is not None:
        return match[1] in SAFE_SCHEMES
    # Character references may move a scheme beyond the examined part; after one of these characters there is no
    # scheme.
    return is_whole or any(sign in plain for sign in "/?#")
