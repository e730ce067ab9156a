"""A short summary of the changes that a scheduled run found, for a mail."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from llmready.domain.changes import Changes
from llmready.domain.file_index import IndexedFile

MOST_TITLES = 10
_LONGEST_TITLE = 200  # characters


class ChangeKind(StrEnum):
    """What happened to a page."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


class ChangedPage(BaseModel):
    """A page that changed, by its title."""

    model_config = ConfigDict(frozen=True)

    kind: ChangeKind
    title: str


class ChangeSummary(BaseModel):
    """The numbers of changed, new and removed pages, with some of their titles.

    Attributes:
        pages: Up to ten of them: changed pages first, then new ones, then removed ones.
    """

    model_config = ConfigDict(frozen=True)

    changed: int
    new: int
    gone: int
    pages: list[ChangedPage]

    @property
    def sentence(self) -> str:
        """The numbers as a sentence, such as "3 pages changed, 1 is new, 2 are gone."."""
        parts = []
        if self.changed:
            parts.append(f"{self._pages(self.changed, first=True)} changed")
        for number, what in ((self.new, "new"), (self.gone, "gone")):
            if number:
                verb = "is" if number == 1 else "are"
                parts.append(f"{self._pages(number, first=not parts)} {verb} {what}")
        return f"{', '.join(parts)}." if parts else "No page changed, but other files did."

    @property
    def left_out(self) -> int:
        """How many pages are counted but not listed."""
        return self.changed + self.new + self.gone - len(self.pages)

    @staticmethod
    def _pages(number: int, *, first: bool) -> str:
        return f"{number} page{'s' if number != 1 else ''}" if first else str(number)


def summarise(changes: Changes) -> ChangeSummary:
    """Return the summary of all changes."""
    listed = [
        *((ChangeKind.CHANGED, change.after) for change in changes.changed),
        *((ChangeKind.NEW, page) for page in changes.added),
        *((ChangeKind.GONE, page) for page in changes.removed),
    ]
    return ChangeSummary(
        changed=len(changes.changed),
        new=len(changes.added),
        gone=len(changes.removed),
        pages=[ChangedPage(kind=kind, title=_title(page)) for kind, page in listed[:MOST_TITLES]],
    )


def _title(page: IndexedFile) -> str:
    return (page.title or page.path)[:_LONGEST_TITLE]
