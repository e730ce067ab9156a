"""The converter's child process: a page that hangs or crashes it does not affect other pages."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from llmready.crawler.convert import node_child
from llmready.crawler.convert.node import SCRIPT
from llmready.crawler.convert.node_child import Converter
from llmready.crawler.failures import Code, Failure

URL = "https://example.com/"
# A converter that hangs or ends at pages with these words.
CONVERTER = f"""
import {{ serve }} from '{(SCRIPT.parent / "pipe.mjs").as_uri()}'
serve((page) => {{
  const text = page.toString()
  while (text.includes('hang')) {{}}
  if (text.includes('crash')) process.exit(1)
  return ['{{}}', text]
}})
"""


def _convert(script: Path, *groups: tuple[str, ...]) -> list[list[str]]:
    """Convert groups of pages, each group at the same time; return the Markdown or the failure's code of each."""

    async def one(converter: Converter, page: str) -> str:
        try:
            return await converter.convert(page.encode(), URL)
        except Failure as failure:
            return failure.code

    async def go() -> list[list[str]]:
        converter = Converter(script)
        await converter.start()
        try:
            return [list(await asyncio.gather(*(one(converter, page) for page in group))) for group in groups]
        finally:
            await converter.close()

    return asyncio.run(go())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "converter.mjs"
    path.write_text(CONVERTER)
    return path


def test_pages_that_hang_do_not_affect_others(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_child, "SECONDS_A_PAGE", 1.2)
    failed = Code.CONVERTER_FAILED
    groups = [("first",), ("hang",), ("hang",), ("hang", "a", "b", "c"), ("last",)]
    assert _convert(script, *groups) == [["first"], [failed], [failed], [failed, "a", "b", "c"], ["last"]]


def test_pages_that_crash_the_converter_do_not_affect_others(script: Path) -> None:
    groups = [*[("crash",)] * (node_child.MAX_DEATHS + 2), ("last",)]
    assert _convert(script, *groups)[-1] == ["last"]


def test_a_converter_that_does_not_work_is_not_started_for_each_page(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    broken = tmp_path / "broken.mjs"
    broken.write_text(f"import {{ appendFileSync }} from 'node:fs'; appendFileSync({str(starts)!r}, 'x')")
    groups = [("a",)] * (node_child.MAX_DEATHS + 5)
    assert _convert(broken, *groups) == [[Code.CONVERTER_FAILED]] * len(groups)
    assert len(starts.read_text()) == node_child.MAX_DEATHS


def test_closing_the_converter_ends_its_child_and_fails_pages_that_wait(script: Path) -> None:
    async def go() -> list[str | BaseException]:
        converter = Converter(script)
        await converter.start()
        pages = [asyncio.create_task(converter.convert(b"hang", URL)) for _ in range(node_child.MAX_WAITING)]
        await asyncio.sleep(0.1)
        await converter.close()
        return await asyncio.wait_for(asyncio.gather(*pages, return_exceptions=True), 5)

    ended = asyncio.run(go())
    assert [getattr(one, "code", one) for one in ended] == [Code.CONVERTER_FAILED] * node_child.MAX_WAITING
    assert not _children(script)


def _children(script: Path) -> list[str]:
    """Return the processes that run a script."""
    return [
        line
        for line in subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines()
        if str(script) in line
    ]
