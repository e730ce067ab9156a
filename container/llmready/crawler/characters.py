"""Remove invisible characters, and unify line ends."""

from __future__ import annotations

import re

# Control characters, bidirectional controls, and invisible characters, which hide text from people but not from
# models. Joiners (U+200C, U+200D) stay, because scripts and emoji need them.
_UNSEEN_ONES = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff"
)
_UNSEEN = re.compile(f"[{_UNSEEN_ONES}]")
_PLAIN = bytes([9, 10, *range(32, 127)])
_TO_CLEAN = re.compile(f"[{_UNSEEN_ONES}\r\u2028\u2029]")
_JOINERS = ("\u200c", "\u200d")
_ONLY_JOINERS = re.compile(
    "^(?:#{1,6}|[-*+])?[ \t]*[\u200c\u200d][ \t\u200c\u200d\u00a0\ufe0f]*$(?:\n\n?)?", re.MULTILINE
)
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")


def clean_text(text: str) -> str:
    """Return the text without control, bidirectional and invisible characters, and with line feeds as line ends.

    Lines that contain only joiners are removed.
    """
    # Most texts contain nothing to remove, so a fast search without plain ASCII comes before the replacement.
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
    if not rest:
        return text
    if _TO_CLEAN.search(rest.decode("utf-8", "surrogatepass")) is not None:
        text = without_unseen(_LINE_ENDS.sub("\n", text))
    if any(joiner in text for joiner in _JOINERS):
        # Page builders put joiners into empty blocks so that these keep their height.
        text = _ONLY_JOINERS.sub("", text)
    return text


def clean_line(text: str) -> str:
    """Return the text as one line without invisible characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(clean_text(text).split())


def without_unseen(text: str) -> str:
    """Return the text without control, bidirectional and invisible characters."""
    return _UNSEEN.sub("", text)
