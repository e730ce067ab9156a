"""Make Markdown safe to show and to give to a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmready.crawler.characters import clean_text
from llmready.crawler.convert.commonmark import (
    alone,
    has_acting_parts,
    has_foreign_parts,
    without_acting_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"(?:[ >]|[-*+] |\d{1,9}[.)] )*(`{3,}(?=[^`]*$)|~{3,}(?!~))(.*)")


def clean_markdown(markdown: str) -> str:
    """Make the Markdown of a converted page safe.

    Removes invisible characters and unsafe destinations of links and images. The text of these links is kept.
    Closes a code block that is open at the end. Code is not changed. The converter escapes the text of pages,
    so its Markdown should contain no raw HTML. Raw HTML that is still found becomes text.
    """
    text = clean_text(markdown)
    with alone():
        if has_foreign_parts(text):
            text = without_acting_parts(text, "foreign")
    return _closed(text)


def clean_served_text(text: str, *, is_markdown: bool) -> str:
    """Make Markdown or plain text that a site serves itself safe; see `clean_markdown`.

    In Markdown, raw HTML is removed, and its text is kept. In plain text, raw HTML is escaped, so it is
    displayed unchanged.
    """
    text = clean_text(text)
    if has_acting_parts(text):
        with alone():
            text = without_acting_parts(text, "drop" if is_markdown else "escape")
    return _closed(text)


def _closed(text: str) -> str:
    text = _without_rules_at_ends(text)
    open_fence = ""
    for line in _lines_with_fences(text, _after_plain_blocks(text)):
        open_fence = _fence_after(open_fence, line)
    return f"{text}\n{open_fence}" if open_fence else text


def _after_plain_blocks(text: str) -> int:
    """Return the position up to which all code blocks have three backticks at the margin as their fences."""
    if "~" in text and "~~~" in text:
        return 0
    done, start = 0, text.find("```")
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
            return done
        done = close + 3
        start = text.find("```", done)
    return len(text)


def _lines_with_fences(text: str, start: int) -> Iterator[str]:
    ticks = text.find("```", start)
    tildes = text.find("~~~", start) if "~" in text else -1
    while ticks >= 0 or tildes >= 0:
        at = min(place for place in (ticks, tildes) if place >= 0)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text[text.rfind("\n", 0, at) + 1 : end]
        ticks = text.find("```", end) if 0 <= ticks < end else ticks
        tildes = text.find("~~~", end) if 0 <= tildes < end else tildes


def _without_rules_at_ends(text: str) -> str:
    """Remove thematic breaks at the start (they look like front matter) and at the end."""
    text = text.strip("\n")
    start, end = 0, len(text)
    while text.startswith("---\n", start):
        start += 4
        while text.startswith("\n", start):
            start += 1
    while text.endswith("\n---", start, end):
        end -= 4
        while text.endswith("\n", start, end):
            end -= 1
    return text[start:end]


def _fence_after(open_fence: str, line: str) -> str:
    """Return the fence of the code block that is open after this line, or an empty text."""
    if "```" not in line and "~~~" not in line:
        return open_fence
    if line == open_fence:
        return ""
    match = _FENCE.fullmatch(line)
    if match is None:
        return open_fence
    fence, info = match[1], match[2]
    if not open_fence:
        return fence
    closes = fence.startswith(open_fence) and not info.strip()
    return "" if closes else open_fence
