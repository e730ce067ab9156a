"""Bodies in very many, very short chunks cost little time and memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.bodies import Body, Budget
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.crawler_program import watched_run
from testkit.serving import HTML, Answer, chunks, links, page, serving

if TYPE_CHECKING:
    from pathlib import Path

STRICT = {"Content-Type": HTML, "Transfer-Encoding": "chunked"}
LENIENT = {**STRICT, "not a header": "x"}
"""Headers with which the HTTP library refuses a response, so it is read leniently."""
WAYS = pytest.mark.parametrize("headers", [STRICT, LENIENT], ids=["strict", "lenient"])
GOOD = {f"/good-{number}": page(f"Good page {number}") for number in range(5)}


async def _read(body: bytes, headers: dict[str, str]) -> bytes:
    with serving({"/": Answer(body, headers=headers)}) as site:
        async with HttpClient(AddressGuard([("127.0.0.1", site.port)]), "test", Limits()) as client:
            return (await client.get(parse(site.url))).body


@WAYS
@pytest.mark.parametrize("size", [1, 2, 9])
async def test_a_body_of_too_many_short_chunks_is_refused(headers: dict[str, str], size: int) -> None:
    with pytest.raises(Failure, match="too many very short chunks") as refused:
        await _read(chunks(b"x" * size * 100_000, size), headers)
    assert refused.value.code is Code.PAGE_TOO_SLOW


@WAYS
@pytest.mark.parametrize(
    ("length", "size"), [(20_000, 1), (400_000, 20), (9_900_000, 100)], ids=["small", "medium", "large"]
)
async def test_chunks_of_usual_sizes_are_read(headers: dict[str, str], length: int, size: int) -> None:
    body = b"x" * length
    assert await _read(chunks(body, size), headers) == body


async def test_the_number_of_empty_lines_between_chunks_is_limited() -> None:
    body = chunks(b"x" * 100, 50).replace(b"\r\n32", b"\r\n" * 100_000 + b"32")
    with pytest.raises(Failure, match="too many very short chunks"):
        await _read(body, LENIENT)


def test_a_body_in_short_parts_needs_little_memory() -> None:
    body = Body("", 10_000_000, Budget(10_000_000))
    tracemalloc.start()
    try:
        for _ in range(100_000):
            body.feed(b"%d" % 12)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert body.bytes() == b"12" * 100_000
    assert peak < 1_000_000


@WAYS
def test_pages_in_short_chunks_neither_delay_a_crawl_nor_fill_the_memory(
    headers: dict[str, str], tmp_path: Path
) -> None:
    body = chunks(page("Bad page", "<p>word and text here" * 450_000).encode(), 2)
    bad = {f"/bad-{number}": Answer(body, headers=headers) for number in range(6)}
    with serving({"/": page("Home", links(*bad, *GOOD)), **GOOD, **bad}) as site:
        crawled, peak = watched_run(site.url, tmp_path)
        assert crawled.urls(site.url) == {"/", *GOOD}
        assert {failure["code"] for failure in crawled.manifest["failures"]} == {"page_too_slow"}
    assert crawled.seconds < 20
    assert 20 < peak < 400
