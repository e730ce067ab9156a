"""Generate random documents: their HTML, and the normal form of the text and structure that Markdown must keep.

A document is a list of blocks. The normal form of a block is a tuple of its kind and its content.
`random_lines` describes the normal form of a line.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st

from testkit.random_lines import (
    BREAK,
    Inline,
    addresses,
    character,
    has_empty_line,
    inlines,
    joined,
    line,
    link_of,
    text_of,
    words,
)

Block: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Source:
    """A block: its HTML and the normal forms of the blocks that it becomes."""

    source: str
    blocks: tuple[Block, ...]


def _flow(parts: list[Inline]) -> Inline:
    # The first and the last part are words, because a block with only a link or a picture may be removed as noise.
    return joined([text_of([("Bake", "")]), *parts, text_of([("bread", " ")])])


flows = (
    st.lists(inlines, min_size=1, max_size=4).map(_flow).filter(lambda flow: not has_empty_line(flow.parts))
)
starts = (
    st.lists(inlines, min_size=1, max_size=4)
    .map(lambda parts: joined([*parts, text_of([("bread", " ")])]))
    .filter(lambda flow: not has_empty_line(flow.parts))
)
paragraphs = st.one_of(flows, starts)


def _paragraph(tag: str, flow: Inline) -> Source:
    return Source(f"<{tag}>{flow.source}</{tag}>", (("p", line(flow.parts)),))


def _heading(level: int, flow: Inline) -> Source:
    parts = tuple((" ",) if part == BREAK else part for part in flow.parts)
    return Source(f"<h{level}>{flow.source}</h{level}>", ((f"h{level}", line(parts)),))


def _linked_heading(level: int, address: tuple[str, str], word: Inline) -> Source:
    parts = link_of(address, [word, text_of([("loaf", " ")])]).parts
    source = f'<a href="{html.escape(address[0])}"><h{level}>{word.source} loaf</h{level}></a>'
    return Source(source, ((f"h{level}", line(parts)),))


def _pre(language: str, lines: list[str]) -> Source:
    text = "\n".join(["x = 1", *lines, "end"])
    named = f' class="language-{language}"' if language else ""
    return Source(f"<pre><code{named}>{html.escape(text)}</code></pre>", (("code", language, text),))


def _table(head: list[Inline], rows: list[list[Inline]]) -> Source:
    cells = [head, *rows]
    width = max(len(row) for row in cells)
    source = "".join(
        "<tr>" + "".join(f"<{tag}>{cell.source}</{tag}>" for cell in row) + "</tr>"
        for row, tag in zip(cells, ["th"] + ["td"] * len(rows), strict=True)
    )
    normal = tuple(tuple(line(cell.parts) for cell in row) + ((),) * (width - len(row)) for row in cells)
    return Source(f"<table>{source}</table>", (("table", normal),))


def _wrapped(tag: str, blocks: list[Source]) -> Source:
    return Source(f"<{tag}>{''.join(block.source for block in blocks)}</{tag}>", merged(blocks))


def _quote(blocks: list[Source]) -> Source:
    return Source(
        f"<blockquote>{''.join(block.source for block in blocks)}</blockquote>", (("quote", merged(blocks)),)
    )


def merged(blocks: list[Source]) -> tuple[Block, ...]:
    """Return the normal forms of blocks that follow each other."""
    return tuple(block for source in blocks for block in source.blocks)


def _distinct(blocks: list[Source]) -> list[Source]:
    """Return blocks without wrappers that repeat the text of an earlier one.

    The converter leaves these out, because pages contain such copies for each screen width.
    """
    kept: dict[str, Source] = {}
    for place, block in enumerate(blocks):
        wrapper = block.source.startswith(("<div>", "<section>"))
        kept.setdefault(_words_of(block) if wrapper else f"not a wrapper {place}", block)
    return list(kept.values())


def _words_of(block: Source) -> str:
    return "".join(re.sub(r"<[^>]*>", "", block.source).split())


BOXES = {"": "", '<input type="checkbox"> ': "[ ] ", '<input type="checkbox" checked> ': "[x] "}
"""Checkboxes at the start of a list item, and their Markdown."""


@dataclass(frozen=True)
class Item:
    """An item of a list; see `Source`."""

    source: str
    blocks: tuple[Block, ...]


def _item(flow: Inline, box: str, rest: list[Source]) -> Item:
    told = tuple(character(sign) for sign in BOXES[box])
    inner = f"{box}{flow.source}{''.join(block.source for block in rest)}"
    return Item(f"<li>{inner}</li>", (("p", line((*told, *flow.parts))), *merged(rest)))


def _list(tag: str, items: list[Item]) -> Source:
    return Source(
        f"<{tag}>{''.join(item.source for item in items)}</{tag}>",
        ((tag, tuple(item.blocks for item in items)),),
    )


def _definitions(pairs: list[tuple[Inline, Inline]]) -> Source:
    source = "".join(f"<dt>{term.source}</dt><dd>{text.source}</dd>" for term, text in pairs)
    blocks: list[Block] = []
    for term, text in pairs:
        blocks += [("p", line(term.parts)), ("ul", ((("p", line(text.parts)),),))]
    return Source(f"<dl>{source}</dl>", tuple(blocks))


LINES = ["a|b", "", "    deep", "```", "~~~", "# x", "<b>&amp;", "- y", "\tz", "*p*", "\\", "`q`"]
leaves = st.one_of(
    st.builds(_paragraph, st.sampled_from(["p", "p", "div", "address"]), paragraphs),
    st.builds(_linked_heading, st.integers(2, 6), addresses, words),
    st.builds(_heading, st.integers(2, 6), flows),
    st.builds(_pre, st.sampled_from(["", "python", "rust"]), st.lists(st.sampled_from(LINES), max_size=4)),
    st.builds(
        _table,
        st.lists(flows, min_size=2, max_size=3),
        st.lists(st.lists(flows, min_size=1, max_size=4), min_size=1, max_size=2),
    ),
    st.builds(_definitions, st.lists(st.tuples(flows, flows), min_size=1, max_size=2)),
    st.just(Source("<hr>", (("hr",),))),
)
item_leaves = st.one_of(
    st.builds(_paragraph, st.just("p"), paragraphs),
    st.builds(_pre, st.sampled_from(["", "python", "rust"]), st.lists(st.sampled_from(LINES), max_size=4)),
)


def lists_of(inner: st.SearchStrategy[Source]) -> st.SearchStrategy[Source]:
    items = st.builds(_item, paragraphs, st.sampled_from(list(BOXES)), st.lists(inner, max_size=2))
    return st.builds(_list, st.sampled_from(["ul", "ol"]), st.lists(items, min_size=2, max_size=3))


lists = st.recursive(item_leaves, lists_of, max_leaves=4)
blocks = st.recursive(
    st.one_of(leaves, lists_of(lists)),
    lambda inner: st.one_of(
        st.builds(_quote, st.lists(inner, min_size=1, max_size=2).map(_distinct)),
        st.builds(
            _wrapped,
            st.sampled_from(["div", "section"]),
            st.lists(inner, min_size=1, max_size=2).map(_distinct),
        ),
    ),
    max_leaves=3,
)
documents = st.lists(blocks, min_size=1, max_size=3).map(_distinct)
