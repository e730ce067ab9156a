"""The summary of changes of a scheduled run: one sentence and some titles."""

import pytest

from llmready.domain.change_summary import ChangeKind, ChangeSummary, summarise
from llmready.domain.changes import Change, Changes
from llmready.domain.file_index import IndexedFile


def summary(changed: int = 0, new: int = 0, gone: int = 0) -> ChangeSummary:
    def pages(number: int, name: str) -> list[IndexedFile]:
        return [
            IndexedFile(path=f"md/{name}{n}.md", offset=0, packed=0, bytes=0, title=f"{name} {n}")
            for n in range(number)
        ]

    return summarise(
        Changes(
            added=pages(new, "New"),
            removed=pages(gone, "Gone"),
            changed=[Change(page, page) for page in pages(changed, "Changed")],
            unchanged=5,
        )
    )


@pytest.mark.parametrize(
    ("changed", "new", "gone", "sentence"),
    [
        (3, 1, 2, "3 pages changed, 1 is new, 2 are gone."),
        (1, 0, 0, "1 page changed."),
        (0, 1, 0, "1 page is new."),
        (0, 2, 1, "2 pages are new, 1 is gone."),
        (0, 0, 4, "4 pages are gone."),
        (2, 0, 1, "2 pages changed, 1 is gone."),
        (0, 0, 0, "No page changed, but other files did."),
    ],
)
def test_the_sentence_counts_pages(changed: int, new: int, gone: int, sentence: str) -> None:
    assert summary(changed, new, gone).sentence == sentence


def test_up_to_ten_titles_are_listed_changed_pages_first() -> None:
    found = summary(8, 5, 5)
    assert [page.kind for page in found.pages] == [ChangeKind.CHANGED] * 8 + [ChangeKind.NEW] * 2
    assert found.pages[-1].title == "New 1"
    assert found.left_out == 8
    assert summary(1, 1, 1).left_out == 0


def test_a_long_title_is_cut_and_a_missing_one_is_replaced_by_the_path() -> None:
    long = IndexedFile(path="md/a.md", offset=0, packed=0, bytes=0, title="x" * 5000)
    nameless = long.model_copy(update={"title": None})
    found = summarise(Changes(added=[long, nameless], removed=[], changed=[], unchanged=0))
    assert [page.title for page in found.pages] == ["x" * 200, "md/a.md"]
