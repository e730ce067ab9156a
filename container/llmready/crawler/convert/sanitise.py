"""Makes converted Markdown safe to show and to feed to a model."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel"})

# Control characters, bidirectional controls, and the invisible ones that hide text from a reader but not
# from a model. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
_UNSEEN_ONES = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff"
)
_UNSEEN = re.compile(f"[{_UNSEEN_ONES}]")
_PLAIN = bytes([9, 10, *range(32, 127)])
_TO_CLEAN = re.compile(f"[{_UNSEEN_ONES}\r\u2028\u2029]")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")
# Possessive quantifiers throughout: a page of ten megabytes must not make any of these slow.
_SEEN = 100
"""Characters of a destination that are looked at: a longer one that has shown no scheme by then is taken for bad."""
# A line break, with the sign of a quotation after it, may lie between bracket and destination.
_DESTINATION = re.compile(rf"\]\([\s>]*+<?(?!https?://)(?=([^)>\n]{{0,{_SEEN}}}+))")
_LINK_END = re.compile(
    r"\]\([\s>]*+(?!<?https?://)(?P<dest><[^<>\n]*+>|(?:[^\s()\\]++|\\.|\((?:[^\s()\\]++|\\.)*+\))*+)"
    r'(?:[\s>]++"(?:[^"\\\n]++|\\.)*+")?+[\s>]*+\)'
)
_EMPTY_LINK = re.compile(r"!?\[((?:[^\[\]\\\n]++|\\.|\[[^\[\]\n]*+\](?:\([^()\n]*+\))?+)*+)\]\(\)")
_BAD_START = re.compile(rf"(\]\([\s>]*+<?)(?!https?://)(?=([^)>\n]{{0,{_SEEN}}}+))")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):")
_MARGIN_FENCE = re.compile(r"^(`{3,}+|~{3,}+)([^\n]*+)$", re.MULTILINE)
_HTML_LINE = re.compile(r"\n {0,3}<")
_FENCE = re.compile(r"(?:[ >]|[-*+] |\d{1,9}[.)] )*(`{3,}(?=[^`]*$)|~{3,})(.*)")


def clean_text(text: str) -> str:
    """Remove what no reader sees: control, bidirectional and hidden characters; make line ends plain."""
    # Most texts have nothing of it, which is faster to see than to replace: only what is no plain ASCII is searched.
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
    if not rest or _TO_CLEAN.search(rest.decode("utf-8", "surrogatepass")) is None:
        return text
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))


def clean_line(text: str) -> str:
    """Return the text as one line without anything unseen."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(clean_text(text).split())


def clean_markdown(markdown: str) -> str:
    """Make a page's Markdown safe.

    Nothing unseen stays; links and images with other schemes than http, https, mailto and tel lose their
    target and keep their text; a code block that was never closed ends with the page. Code is left alone.
    """
    text = clean_text(markdown)
    if all(_is_safe(match[1]) for match in _DESTINATION.finditer(text)):
        return _closed(text)
    return _closed(_without_bad_links_in_prose(text))


def _closed(text: str) -> str:
    text = _without_rules_at_ends(text)
    open_fence = ""
    for line in _lines_with_fences(text, _after_plain_blocks(text)):
        open_fence = _fence_after(open_fence, line)
    return f"{text}\n{open_fence}" if open_fence else text


def _after_plain_blocks(text: str) -> int:
    """Return where code blocks that begin and end as most do, with three backticks at the margin, end to be all."""
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
    """Leave out rules at the top, which would be taken for front matter, and at the end, where they part nothing."""
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
    """Return the fence of the code block that is open after this line, or nothing."""
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


def _without_bad_links_in_prose(text: str) -> str:
    # Where code ends is certain only of blocks at the margin: those in lists and quotations end with these, too, and
    # within HTML a fence is none.
    has_others = any(not line.startswith(("```", "~~~")) for line in _lines_with_fences(text, 0))
    if has_others or _HTML_LINE.search(f"\n{text}"):
        return _without_bad_links(text)
    parts: list[str] = []
    start, is_code, fence = 0, False, ""
    for line in _MARGIN_FENCE.finditer(text):
        if is_code and not (line[1].startswith(fence) and not line[2].strip()):
            continue
        if not is_code and line[1][0] == "`" and "`" in line[2]:
            continue
        part = text[start : line.start()]
        parts.append(part if is_code else _without_bad_links(part))
        start, is_code, fence = line.start(), not is_code, line[1]
    rest = text[start:]
    return "".join((*parts, rest if is_code else _without_bad_links(rest)))


def _without_bad_links(prose: str) -> str:
    prose = _LINK_END.sub(lambda match: match[0] if _is_safe(match["dest"].lstrip("<")) else "]()", prose)
    if "]()" in prose:
        lines = prose.split("\n")
        prose = "\n".join(_EMPTY_LINK.sub(r"\1", line) if "]()" in line else line for line in lines)
    # What is left has a form that no converter writes; as a fragment it leads nowhere.
    return _BAD_START.sub(lambda match: match[1] if _is_safe(match[2]) else f"{match[1]}#", prose)


def _is_safe(destination: str) -> bool:
    plain = "".join(html.unescape(destination).replace("\\", "").split()).lower()
    match = _SCHEME.match(plain)
    if match is not None:
        return match[1] in SAFE_SCHEMES
    # References may push a scheme beyond what is looked at; after one of these signs there is none.
    return len(destination) < _SEEN or any(sign in plain for sign in "/?#")
