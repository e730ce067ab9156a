"""What the client prints: tables that a person reads at 80 columns, JSON for a program."""

# ruff: noqa: PLC0415 - rich takes long to import, which only what prints a table should wait for

import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def plain(text: object) -> str:
    """Return a text on one line without characters that could command a terminal."""
    return "".join(
        " " if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} else char for char in str(text)
    ).strip()


def print_json(content: object) -> None:
    """Print an answer as it came."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, fixed: Sequence[str] = ()
) -> None:
    """Print rows under their columns.

    Args:
        columns: Their names; one that begins with ``#`` holds numbers.
        rows: What to print; a cell that is a list stands on several lines.
        fixed: Columns that are never broken into lines.
    """
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(
            name.lstrip("#"),
            justify="right" if name.startswith("#") else "left",
            overflow="fold",
            no_wrap=name in fixed,
        )
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    _print(table)


def print_fields(fields: dict[str, object]) -> None:
    """Print names with their values, one a line."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    _print(table)


def say(text: str) -> None:
    """Tell a person something that no program waits for."""
    print(text, file=sys.stderr)


def day(moment: str | None) -> str:
    """Return a time of the API, to the minute; a dash for none."""
    return f"{moment[:10]} {moment[11:16]}" if moment else "-"


def size(count: int | None) -> str:
    """Return a number of bytes for a person."""
    if count is None:
        return "-"
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.1f} kB"


def _cell(value: Any) -> "Text":
    from rich.text import Text

    if isinstance(value, list):
        return Text("\n".join(plain(part) for part in value))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else plain(value))


def _print(table: "Table") -> None:
    from rich.console import Console

    Console(highlight=False).print(table)
