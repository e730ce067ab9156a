"""Close the code blocks of a text, so that none of them goes on in the text of the next page of llms-full.txt."""

from __future__ import annotations

import re
from collections import deque

import pyromark

from llmready.crawler.convert.certain_code import SIGNS, CertainCode
from llmready.crawler.convert.commonmark import (
    DIALECTS,
    alone,
    may_be_parsed,
    without_parsing,
)
from llmready.crawler.convert.tabs import without_tabs_after_fences

_FENCE = re.compile("`{3,}|~{3,}")
_FENCE_SIGNS = re.compile("```|~~~")
_LONGEST_PREFIX = 200
"""Characters before a fence that are examined."""
_SIGNS = "".join(sign for sign in SIGNS.decode() if sign not in "`~")
_NEXT_PAGE = "The next page"


def with_closed_fences(text: str) -> str:
    """Return Markdown in which each code block ends.

    Escapes the fences of a text whose code blocks cannot be closed, or that is too large to be parsed.
    """
    if _has_plain_fences(text):
        return text
    if may_be_parsed(text):
        text = without_tabs_after_fences(text)
        with alone():
            ends = ("", *_possible_ends(text)) if _are_blocks_in_step(text) else ()
            for end in ends:
                if all(_ends(text + end, dialect) for dialect in DIALECTS):
                    return text + end
    # Without its fences, code is text.
    text = text.replace("```", "\\`\\`\\`").replace("~~~", "\\~\\~\\~")
    return without_parsing(text, keeps_own=True)


def _are_blocks_in_step(text: str) -> bool:
    """Return whether all parsers find the same ends of the blocks of code."""
    if not _has_unusual_fence(text):
        return True
    source = text.encode()
    for dialect in DIALECTS:
        certain = CertainCode(source, knows_tables=bool(dialect & pyromark.Options.ENABLE_TABLES))
        for event, where in pyromark.events_with_range(text, options=dialect):
            kind, value = next(iter(event.items())) if isinstance(event, dict) else (event, None)
            name = next(iter(value)) if isinstance(value, dict) else str(value)
            if kind == "End":
                certain.end(name)
            elif kind == "Start":
                if name == "CodeBlock" and isinstance(value, dict):
                    certain.has_block(where["start"], where["end"], is_indented=value[name] == "Indented")
                certain.start(name, where["start"], where["end"])
        if certain.is_out_of_step:
            return False
    return True


def _has_unusual_fence(text: str) -> bool:
    """Return whether a fence is not at the margin, has more than five signs, or may be the head of a table."""
    for match in _FENCE_SIGNS.finditer(text):
        start = match.start()
        line_end = text.find("\n", start)
        is_at_margin = not start or text[start - 1] == "\n"
        if not is_at_margin or "|" in text[start : line_end if line_end >= 0 else None]:
            return True
    return False


def _possible_ends(text: str) -> tuple[str, ...]:
    """Return the fences that may close the last code block.

    Behind an indented fence or the head of a table, parsers differ in whether a fence closes a block or begins
    another one.
    """
    prefix, start = "", -1
    for match in _FENCE_SIGNS.finditer(text):
        before = text[max(0, match.start() - _LONGEST_PREFIX) : match.start()]
        before = before[before.rfind("\n") + 1 :]
        # A fence may also begin a footnote.
        if "]:" in before or not before.strip(_SIGNS):
            prefix, start = before, match.start()
    line_end = text.find("\n", start)
    if start < 0 or prefix or "|" in text[start : line_end if line_end >= 0 else None]:
        return ()
    longest = max(map(len, _FENCE.findall(text)), default=3)
    return (f"\n{'`' * longest}", f"\n{'~' * longest}")


def _ends(text: str, dialect: pyromark.Options) -> bool:
    """Return whether a heading after the text is a heading, and in no other block."""
    events = pyromark.events_with_range(f"{text}\n\n# {_NEXT_PAGE}\n", options=dialect)
    # Only the last event is kept, because a text may have a million.
    last, _ = deque(events, maxlen=1)[0]
    return bool(last == {"End": {"Heading": "H1"}})


def _has_plain_fences(text: str) -> bool:
    """Return whether all fences are three backticks at the margin, in pairs. Most texts have no others."""
    if "~~~" in text:
        return False
    start = text.find("```")
    while start >= 0:
        line_end = text.find("\n", start)
        close = text.find("```", line_end) if line_end >= 0 else -1
        if (
            close < 0
            or text[close - 1] != "\n"
            or text[close + 3 : close + 4] not in ("", "\n")
            or (start and text[start - 1] != "\n")
            or "`" in text[start + 3 : line_end]
        ):
            return False
        start = text.find("```", close + 3)
    return True
