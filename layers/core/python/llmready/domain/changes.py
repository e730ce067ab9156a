"""Compare two generations of a website by the hashes of their files."""

import difflib
from typing import NamedTuple

from llmready.domain.file_index import FileIndex, IndexedFile

MOST_LISTED = 1000
"""The greatest number of entries in each list of an answer."""


class Change(NamedTuple):
    """A page whose text changed; ``before`` and ``after`` are its entries in the two indexes."""

    before: IndexedFile
    after: IndexedFile


class Changes(NamedTuple):
    """How the pages of two generations differ. Pages are matched by their URL."""

    added: list[IndexedFile]
    removed: list[IndexedFile]
    changed: list[Change]
    unchanged: int


def compare(before: FileIndex, after: FileIndex) -> Changes:
    """Return what changed from one generation to a later one."""
    old, new = _by_url(before), _by_url(after)
    both = [Change(old[url], page) for url, page in new.items() if url in old]
    changed = [change for change in both if change.before.sha256 != change.after.sha256]
    return Changes(
        added=[page for url, page in new.items() if url not in old],
        removed=[page for url, page in old.items() if url not in new],
        changed=changed,
        unchanged=len(both) - len(changed),
    )


def llms_txt_diff(before: str, after: str, *, names: tuple[str, str]) -> str:
    """Return the unified diff of two llms.txt files; empty when they are equal.

    Args:
        before: Text of the earlier file.
        after: Text of the later file.
        names: Names of the two files in the diff.
    """
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), names[0], names[1]
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _by_url(index: FileIndex) -> dict[str, IndexedFile]:
    pages = sorted((file for file in index.files if file.url is not None), key=lambda file: file.url or "")
    return {file.url: file for file in pages if file.url is not None}
