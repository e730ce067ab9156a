"""Only blocks that are at the start or the end of many pages are left out of the archive."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.model import StoredPage
from llmready.crawler.pack.archive import Bundle, Run, write_archive
from llmready.crawler.page.digests import content_digest
from llmready.crawler.store.pages import PageStore
from llmready.crawler.urls import parse
from testkit.living import living

SITE = parse("https://example.com/")
BEFORE = "You read the manual of version 3. [Version 4](https://example.com/4/) is out."
AFTER = "## Need help?\n\nWrite to us, or read the [forum](https://example.com/forum)."
OWN = "The text of this page is its own: it speaks of number {0} alone, and of what {0} is good for. " * 3


def archive(folder: Path, pages: dict[str, str]) -> dict[str, str]:
    """Write an archive of these pages and return its Markdown files, by their page."""
    folder.mkdir()
    (folder / "archive").mkdir()
    store = PageStore(folder / "pages", compress=True)
    for name, markdown in pages.items():
        facts: dict[str, Any] = {
            "title": name,
            "heading": name,
            "description": "",
            "site_name": "",
            "excerpt": "",
        }
        url = parse(f"https://example.com/{name}")
        store.add(StoredPage(url=url, depth=1, digest=content_digest(name, markdown), **facts), markdown)
    with Bundle(folder / "archive", folder / "archive.zip", 10**9) as bundle:
        write_archive(bundle, store, Run(SITE, "", "", 0, "", [], []))
    store.close()
    with zipfile.ZipFile(folder / "archive.zip") as packed:
        for name in packed.namelist():
            assert packed.read(name) == (folder / "archive" / name).read_bytes()
    texts = {file.stem: file.read_text() for file in (folder / "archive" / "md").rglob("*.md")}
    # Front matter and the line that leads to llms.txt are not the page's.
    return {
        name: text.partition("[llms.txt](")[2].partition("\n")[2].strip("\n") for name, text in texts.items()
    }


def manual(count: int) -> dict[str, str]:
    return {
        f"page-{n}": f"# Page {n}\n\n{BEFORE}\n\n## Use\n\n{OWN.format(n)}\n\n{AFTER}" for n in range(count)
    }


def test_repeated_blocks_at_both_ends_are_left_out(tmp_path: Path) -> None:
    found = archive(tmp_path / "a", manual(20))
    assert found == {f"page-{n}": f"# Page {n}\n\n## Use\n\n{OWN.format(n)}" for n in range(20)}


def test_order_of_pages_does_not_change_the_files(tmp_path: Path) -> None:
    pages = {**manual(20), **{f"other-{n}": f"# Other {n}\n\n{OWN.format(n)}\n\nOnce." for n in range(5)}}
    names = list(pages)
    random.Random(7).shuffle(names)
    archive(tmp_path / "a", pages)
    archive(tmp_path / "b", {name: pages[name] for name in names})
    for name in ("llms.txt", "llms-full.txt"):
        assert (tmp_path / "a" / "archive" / name).read_bytes() == (
            tmp_path / "b" / "archive" / name
        ).read_bytes()
    assert (tmp_path / "a" / "archive.zip").read_bytes() == (tmp_path / "b" / "archive.zip").read_bytes()


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (manual(9), "a site of few pages says too little"),
        (
            {f"page-{n}": f"# Page {n}\n\n{OWN.format(n)}\n\n```\nx = 1\n\ny = 2\n```" for n in range(20)},
            "code is kept",
        ),
        (
            {f"page-{n}": f"# Page {n}\n\nNothing here yet." for n in range(20)},
            "a page keeps at least half of its text",
        ),
        (
            {
                f"page-{n}": f"# Page {n}\n\n## Overview\n\n{OWN.format(n)}\n\n## More\n\n- {n}"
                for n in range(20)
            },
            "headings of texts that differ stay",
        ),
        (
            {
                f"page-{n}": f"# Page {n}\n\n{OWN.format(n)}\n\nSee also.\n\n{OWN.format(-n)}"
                for n in range(20)
            },
            "what stands amid the text stays",
        ),
        (
            {
                f"page-{n}": f"# Page {n}\n\n{OWN.format(n)}" + ("\n\nA notice." if n < 12 else "")
                for n in range(30)
            },
            "what less than half of the pages say stays",
        ),
    ],
)
def test_unique_blocks_of_a_page_are_kept(tmp_path: Path, pages: dict[str, str], why: str) -> None:
    assert archive(tmp_path / "a", pages) == {name: text.strip("\n") for name, text in pages.items()}, why


def test_the_name_of_the_site_above_the_headings_of_all_pages_is_left_out(tmp_path: Path) -> None:
    pages = {f"page-{n}": f"# The mill\n\n## Page {n}\n\n{OWN.format(n)}" for n in range(20)}
    pages["plain"] = f"# The mill\n\n{OWN.format(20)}"
    found = archive(tmp_path / "a", pages)
    assert found == {f"page-{n}": f"## Page {n}\n\n{OWN.format(n)}" for n in range(20)} | {
        "plain": pages["plain"]
    }


TAG = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "code",
    [
        f"# Page {{0}}\n\n- Menu\n\n    ```\n  {TAG}\n    ```\n\n",
        f"# Page {{0}}\n\n- Menu\n\n\t```\n  {TAG}\n\t```\n\n",
        f"# Page {{0}}\n\n- Menu\n\n\n\n    ```\n  {TAG}\n    ```\n\n",
        f"# Site\n- Menu\n\n    ```\n  {TAG}\n    ```\n\n# Own {{0}}\n\n",
        f"# Site\n```\n\n# Page {{0}}\n\n{TAG}\n\n```\n\n",
    ],
)
def test_repeated_text_above_its_code_stays(code: str, tmp_path: Path) -> None:
    """Without the item of a list above it, the fence would be code, and the code would be text."""
    pages = {f"p{n}": f"{code.format(n)}{OWN.format(n)}" for n in range(12)}
    assert not any(living(text) for text in pages.values())
    for text in archive(tmp_path / "out", pages).values():
        assert living(text) == []
