"""Read Markdown with a CommonMark and GFM parser into the normal form of `documents`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from testkit.random_documents import Block
from testkit.random_lines import BREAK, Line, Part, character, line

if TYPE_CHECKING:
    from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# Addresses are compared as they are written.
_PARSER.normalizeLink = lambda url: url  # type: ignore[method-assign]
_MARKS = {"strong": "strong", "em": "em", "s": "del"}


def blocks_of(markdown: str) -> tuple[Block, ...]:
    """Return the blocks of a Markdown text."""
    found, _ = _blocks(_PARSER.parse(markdown), 0, "")
    return found


def _blocks(tokens: list[Token], at: int, end: str) -> tuple[tuple[Block, ...], int]:
    found: list[Block] = []
    while at < len(tokens):
        token = tokens[at]
        kind = token.type
        if kind == end:
            break
        if kind in ("paragraph_open", "heading_open"):
            found.append((token.tag, _line(tokens[at + 1])))
            at += 3
        elif kind in ("fence", "code_block"):
            found.append(("code", token.info.strip(), token.content.rstrip("\n")))
            at += 1
        elif kind == "hr":
            found.append(("hr",))
            at += 1
        elif kind == "blockquote_open":
            inner, at = _blocks(tokens, at + 1, "blockquote_close")
            found.append(("quote", inner))
            at += 1
        elif kind in ("bullet_list_open", "ordered_list_open"):
            items: list[tuple[Block, ...]] = []
            at += 1
            while tokens[at].type == "list_item_open":
                inner, at = _blocks(tokens, at + 1, "list_item_close")
                items.append(inner)
                at += 1
            found.append((token.tag, tuple(items)))
            at += 1
        elif kind == "table_open":
            rows, at = _rows(tokens, at + 1)
            found.append(("table", rows))
        else:
            found.append((kind, token.content))
            at += 1
    return tuple(found), at


def _rows(tokens: list[Token], at: int) -> tuple[tuple[tuple[Line, ...], ...], int]:
    rows: list[list[Line]] = []
    while tokens[at].type != "table_close":
        if tokens[at].type == "tr_open":
            rows.append([])
        elif tokens[at].type == "inline":
            rows[-1].append(_line(tokens[at]))
        at += 1
    return tuple(map(tuple, rows)), at + 1


def _line(token: Token) -> Line:
    parts: list[Part] = []
    marks: list[str] = []
    for child in token.children or []:
        if child.type.endswith("_open"):
            marks.append(f"to {child.attrGet('href')}" if child.tag == "a" else _MARKS[child.tag])
        elif child.type.endswith("_close"):
            marks.pop()
        elif child.type == "text":
            parts += _characters(child.content, marks)
        elif child.type == "code_inline":
            parts += _characters(child.content, [*marks, "code"])
        elif child.type == "softbreak":
            parts.append((" ",))
        elif child.type == "hardbreak" or child.content in ("<br>", "<br/>", "<br />"):
            parts.append(BREAK)
        elif child.type == "image":
            link = [mark for mark in marks if mark.startswith("to ")]
            parts.append(("image", _alt(child), child.attrGet("src"), *link))
        else:
            parts.append((child.type, child.content))
    return line(tuple(parts))


def _alt(image: Token) -> str:
    return "".join(
        child.content
        if child.type in ("text", "code_inline")
        else " "
        if child.type == "softbreak"
        else _alt(child)
        for child in image.children or []
    )


def _characters(text: str, marks: list[str]) -> list[Part]:
    return [character(sign, frozenset(marks)) for sign in text]
