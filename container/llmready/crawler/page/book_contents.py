"""Read the table of contents of a book from the script that writes it, without running the script.

mdBook writes the table of contents into `toc.js` (`toc-HASH.js` since 0.5), as HTML in a string. The file `toc.html`
next to it, for readers without scripts, is missing on some sites.
"""

from __future__ import annotations

import re

LONGEST_SCRIPT = 1_000_000
FEWEST_LINKS = 2

_PATH = re.compile(r"/toc(?:-[0-9a-f]{6,64})?\.js$")
_QUOTES = re.compile(r"['\"`]")
_ESCAPED = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL
)
_SIGNS = {"n": "\n", "t": "\t", "r": "\n", "b": "", "f": "", "v": "", "0": "", "\n": "", "\r\n": ""}
_LINK = re.compile(r"<a\s")
_LARGEST_SIGN = 0x10FFFF


def is_book_contents(path: str) -> bool:
    """Return whether a path may belong to a script that writes the table of contents of a book."""
    return _PATH.search(path) is not None


def contents_in(script: str) -> str:
    """Return the string of a script that is HTML with the most links, as a page, or an empty text if there is none.

    Each character is read once, so that the time is linear in the length of the script.
    """
    script = script[:LONGEST_SCRIPT]
    best, most = "", FEWEST_LINKS - 1
    line_end = -1
    start = _QUOTES.search(script)
    while start is not None:
        if line_end < start.end():
            line_end = _found(script, "\n", start.end(), len(script))
        # An apostrophe in a comment does not begin a string, because strings end in their line.
        last = len(script) if start[0] == "`" else line_end
        end = _end_of(script, start.end(), last, start[0])
        links = len(_LINK.findall(script, start.end(), end))
        if links > most:
            best, most = script[start.end() : end], links
        start = _QUOTES.search(script, end + 1)
    if not best:
        return ""
    # Its links open in the frame of the book, as the links of toc.html do.
    links_out = _LINK.sub('<a target="_parent" ', _ESCAPED.sub(_sign, best))
    return f"<!doctype html><body>{links_out}"


def _end_of(script: str, start: int, last: int, quote: str) -> int:
    """Return the end of a string, at the latest `last`."""
    end = _found(script, quote, start, last)
    while end < last and _is_escaped(script, start, end):
        end = _found(script, quote, end + 1, last)
    return end


def _found(script: str, sign: str, start: int, last: int) -> int:
    end = script.find(sign, start, last)
    return end if end >= 0 else last


def _is_escaped(script: str, start: int, end: int) -> bool:
    before = end
    while before > start and script[before - 1] == "\\":
        before -= 1
    return (end - before) % 2 == 1


def _sign(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if number <= _LARGEST_SIGN else ""
    return _SIGNS.get(match[4], match[4])
