"""Tables: those that only lay out a page are taken apart, the others become plain rows of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selectolax.lexbor import create_tag

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

LAYOUT = "data-md-layout"
"""Set on the parts of a table that is none."""

MOST_CELLS = 5000
"""Cells of a table whose spans are written out."""

_PARTS = "thead, tbody, tfoot, tr, td, th, caption, colgroup, col"
_BLOCKS = "h1, h2, h3, h4, h5, h6, table, pre, dl, blockquote"


def mark_tables(main: LexborNode) -> None:
    """Mark tables that lay out a page, and write out cells that span rows."""
    for table in main.css("table"):
        if _is_layout(table):
            for part in (table, *table.css(_PARTS)):
                if part.mem_id == table.mem_id or _table_of(part) == table.mem_id:
                    part.attrs[LAYOUT] = ""
        elif table.css_first("[rowspan]") is not None:
            _write_out_spans(table)


def _is_layout(table: LexborNode) -> bool:
    attributes = table.attributes
    if (attributes.get("role") or "").lower() in ("presentation", "none"):
        return True
    # A search from a node finds the node itself too.
    inner = {node.tag for node in table.css(_BLOCKS)[1:]}
    if table.css_first("th") is not None and not inner & {"table", "h1", "h2"}:
        return False
    cells = [cell for cell in table.css("td, th") if _table_of(cell) == table.mem_id]
    if len(cells) <= 1:
        return True
    rows = table.css("tr")
    widest = max((sum(1 for cell in row.iter() if cell.tag in ("td", "th")) for row in rows), default=0)
    if widest <= 1:
        return True
    return bool(inner)


def _table_of(part: LexborNode) -> int:
    node = part.parent
    while node is not None and node.tag != "table":
        node = node.parent
    return node.mem_id if node is not None else 0


def _write_out_spans(table: LexborNode) -> None:
    """Put an empty cell wherever a cell from a row above reaches down."""
    open_spans: dict[int, int] = {}
    for row in table.css("tr")[:MOST_CELLS]:
        cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
        column = 0
        for cell in cells:
            while open_spans.get(column, 0) > 0:
                open_spans[column] -= 1
                cell.insert_before(_empty_cell())
                column += 1
            attributes = cell.attributes
            wide, tall = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
            for _ in range(wide):
                if tall > 1:
                    open_spans[column] = tall - 1
                column += 1


def _empty_cell() -> LexborNode:
    return create_tag("td")


def _span(text: str | None) -> int:
    return (
        min(int(text), 50)
        if text and text.isascii() and text.isdecimal() and len(text) < 4 and int(text)
        else 1
    )
