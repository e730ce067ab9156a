"""Output of the client: tables for people, JSON for programs."""

# ruff: noqa: PLC0415 - rich takes long to import, and commands that print no table should not wait for it

import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def plain(text: object) -> str:
    """Return a text on one line, without control characters that a terminal would interpret."""
    return "".join(
        " " if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} else char for char in str(text)
    ).strip()


def json_text(content: object) -> str:
    """Return content as JSON, indented."""
    return json.dumps(content, indent=2, ensure_ascii=False)


def print_json(content: object) -> None:
    """Print content as JSON."""
    print(json_text(content))


def coloured(text: str, colour: str) -> str:
    """Return a text in an ANSI colour, or unchanged if the output is not a terminal or NO_COLOR is set."""
    number = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}.get(colour)
    if number is None or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{number}m{text}\033[0m"


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, fixed: Sequence[str] = ()
) -> None:
    """Print a table.

    Args:
        columns: Names of the columns. A name that begins with ``#`` marks numbers.
        rows: Cells of each row; a list becomes several lines.
        fixed: Names of columns that are never wrapped.
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
    """Print names with their values, one per line."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    _print(table)


def say(text: str) -> None:
    """Print a message for a person to standard error."""
    print(text, file=sys.stderr)


def day(moment: str | None) -> str:
    """Return a time of the API to the minute, or a dash for None."""
    return f"{moment[:10]} {moment[11:16]}" if moment else "-"


def size(count: int | None) -> str:
    """Return a number of bytes in kB or MB."""
    if count is None:
        return "-"
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.1f} kB"


# Statuses of generations and of webhook deliveries.
_STATUS_COLOURS = {
    "completed": "green",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "processing": "cyan",
    "pending": "cyan",
}
_UNLIMITED = 10_000  # columns; a program or a file has no width


def _cell(value: Any) -> "Text":
    from rich.text import Text

    if isinstance(value, list):
        return Text("\n").join(_cell(part) for part in value)
    if isinstance(value, str) and value in _STATUS_COLOURS:
        return Text(value, style=_STATUS_COLOURS[value])
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else plain(value))


def _print(table: "Table") -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _UNLIMITED
    Console(highlight=False, width=width).print(table)
