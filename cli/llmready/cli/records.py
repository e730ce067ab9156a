"""Audit records of operators, as ``llmready admin`` shows them."""

from collections.abc import Iterable
from itertools import islice

from llmready.cli.client.output import day, print_table
from llmready.domain.audit import AuditRecord
from llmready.domain.clock import timestamp

_SHOWN = 20  # how many of the newest records


def newest(records: Iterable[AuditRecord]) -> list[AuditRecord]:
    """Return the newest records to show, from records that are sorted newest first."""
    return list(islice(records, _SHOWN))


def print_records(records: list[AuditRecord]) -> None:
    """Print records as a table after an empty line; print nothing if there are none."""
    if records:
        print()
        print_table(("when", "what", "by"), [_told(record) for record in records], fixed=("when",))


def _told(record: AuditRecord) -> tuple[str, str, str]:
    what = record.event.replace("_", " ")
    if record.after is not None:
        what += f": {record.before} → {record.after}" if record.before is not None else f": {record.after}"
    return day(timestamp(record.at)), what, record.by or "the user"
