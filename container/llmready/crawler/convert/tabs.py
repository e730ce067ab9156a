"""Write tabs in Markdown in such a way that pyromark reads them like other parsers."""

from __future__ import annotations

import re

_BEFORE_SIGN = re.compile(r"^ {0,3}\t(?=[ \t]{0,20}(?:>|```|~~~))", re.MULTILINE)
"""A tab before a fence or the sign of a quotation. pyromark takes it for less than the four columns that it has."""
_AFTER_FENCE = re.compile(r"(?<=```|~~~)[ \t]++$", re.MULTILINE)
"""White space behind a fence. pyromark reads no closing fence with a tab behind it."""


def without_tabs_before_signs(text: str) -> str:
    """Return the text with spaces instead of tabs before fences and signs of quotations."""
    return _BEFORE_SIGN.sub("    ", text) if "\t" in text else text


def without_tabs_after_fences(text: str) -> str:
    """Return the text without white space behind fences, if it has tabs."""
    return _AFTER_FENCE.sub("", text) if "\t" in text else text
