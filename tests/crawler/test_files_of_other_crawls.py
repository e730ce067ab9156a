"""Files that an earlier crawl left, and that a page which took it over may have written, take little memory."""

from __future__ import annotations

import gzip
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.engine import checkpoint
from llmready.crawler.engine.checkpoint import read_checkpoint
from llmready.crawler.fetch import http_cache
from llmready.crawler.fetch.http_cache import CachedResponse, CacheFile, CacheWriter
from llmready.crawler.options import Options
from llmready.crawler.store.pages import PageStore
from llmready.crawler.urls import parse
from testkit.memory import run_and_measure

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BAKERY = parse("https://bakery.example/")


def cache_with(index: bytes, path: Path) -> None:
    packed = zstd.compress(index, 3)
    path.write_bytes(packed + http_cache._FOOT.pack(http_cache._MAGIC, 0, len(packed)))


def cached(number: int, **fields: Any) -> CachedResponse:
    usual = {"etag": "e", "modified": "", "headers": {}, "fresh_until": 0.0, "start": 0, "length": 0}
    return CachedResponse(**{"url": f"{BAKERY}{number}", "accept": "text/html", "size": 0, **usual, **fields})


@pytest.mark.parametrize("part", ["{},", "[[]],", '{"a":0},'])
def test_an_index_of_an_http_cache_with_millions_of_values_takes_little_memory(
    part: str, tmp_path: Path
) -> None:
    path = tmp_path / "cache.answers"
    cache_with(f"[{part * (20_000_000 // len(part))}0]".encode(), path)
    program = (
        "import sys; from pathlib import Path; from llmready.crawler.fetch.http_cache import CacheFile\n"
        "print(len(CacheFile(Path(sys.argv[1])).index))"
    )
    output, megabytes = run_and_measure(program, str(path))
    assert (output, megabytes < 200) == ("0", True)


def test_an_http_cache_with_too_many_responses_keeps_the_first_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_cache, "INDEX_MEMORY", 100_000)
    path = tmp_path / "cache.answers"
    with CacheWriter(path) as writer:
        for number in range(100):
            writer.copy(cached(number), b"body")
    with closing(CacheFile(path)) as file:
        assert [known.url for known in file.index.values()] == [f"{BAKERY}{number}" for number in range(25)]


def test_an_http_cache_whose_responses_share_a_body_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "cache.answers"
    with CacheWriter(path) as writer:
        writer.copy(cached(0), b"body")
        shared = cached(1, length=4)
        writer._index[shared.url, shared.accept] = shared
    with closing(CacheFile(path)) as file:
        assert not file.index


def checkpoint_with(path: Path, *, more: str = "0", markdown: bytes = b"") -> None:
    options = Options(BAKERY, path.parent)
    state = {
        "crawl": checkpoint._crawl(options),
        "start": list(BAKERY),
        "began": "2026-01-01T00:00:00+00:00",
        "sitemaps_read": True,
        "frontier": {},
        "failures": [],
        "store": {},
    }
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(f'{json.dumps(state)[:-1]}, "more": {more}}}\n'.encode() + markdown)


READ_CHECKPOINT = (
    "import sys; from pathlib import Path; from llmready.crawler.engine.checkpoint import read_checkpoint\n"
    "from llmready.crawler.options import Options; from llmready.crawler.urls import parse\n"
    "path = Path(sys.argv[1])\n"
    "print(read_checkpoint(path, Options(parse('https://bakery.example/'), path.parent)) is not None)"
)


@pytest.mark.parametrize(("number", "expected"), [(200_000, "True"), (8_000_000, "False")])
def test_a_checkpoint_with_millions_of_values_takes_little_memory(
    number: int, expected: str, tmp_path: Path
) -> None:
    checkpoint_with(tmp_path / "checkpoint", more="[" + "{}," * number + "0]")
    output, megabytes = run_and_measure(READ_CHECKPOINT, str(tmp_path / "checkpoint"))
    assert (output, megabytes < 250) == (expected, True)


def test_a_checkpoint_of_one_endless_line_is_read_in_part(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "checkpoint", "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(b"a" * 1_000_000)
    output, megabytes = run_and_measure(READ_CHECKPOINT, str(tmp_path / "checkpoint"))
    assert (output, megabytes < 250) == ("False", True)


def test_a_checkpoint_that_is_nested_too_deeply_is_not_used(tmp_path: Path) -> None:
    checkpoint_with(tmp_path / "checkpoint", more="[" * 200_000 + "]" * 200_000)
    assert read_checkpoint(tmp_path / "checkpoint", Options(BAKERY, tmp_path)) is None


def test_a_checkpoint_with_too_much_markdown_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(BAKERY, tmp_path)
    checkpoint_with(tmp_path / "checkpoint", markdown=b"a" * 100)
    read = read_checkpoint(tmp_path / "checkpoint", options)
    assert read is not None
    assert read.markdown == b"a" * 100
    monkeypatch.setattr("llmready.crawler.engine.checkpoint.MOST_MARKDOWN", 99)
    assert read_checkpoint(tmp_path / "checkpoint", options) is None


def test_pages_of_a_checkpoint_cannot_share_their_markdown(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "store")
    for places in ([[{}, 0, 5], [{}, 2, 4]], [[{}, 0, -1]], [[{}, -5, 4]]):
        with pytest.raises(ValueError, match=r"share|place"):
            store.restore({"pages": places}, b"# Bread")
    store.close()
