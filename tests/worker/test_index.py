"""The index of an archive whose manifest an intact crawler would not write."""

import json
import struct
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmready.domain.generation import Generation
from llmready.services import Services
from llmready.worker.index import index_archive, store_found, store_index
from llmready.worker.results import Taken
from testkit.memory import run_and_measure

INDEXING = """
import sys
from pathlib import Path
from types import SimpleNamespace
from llmready.worker.index import index_archive

print(index_archive(SimpleNamespace(id="generation"), Path(sys.argv[1])))
"""
GENERATION = cast("Generation", SimpleNamespace(id="generation", user_id="user", fence=1))


def archive_with(manifest: str, folder: Path) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("md/index.md", "# Bread\n")
    return path


def test_a_manifest_with_a_list_as_path_gives_no_index(tmp_path: Path) -> None:
    manifest = json.dumps({"pages": [{"path": ["md/index.md"]}]})
    assert index_archive(GENERATION, archive_with(manifest, tmp_path)) is None


def test_lone_surrogates_in_a_manifest_are_replaced(tmp_path: Path) -> None:
    stored: list[Any] = []
    services = cast(
        "Services", SimpleNamespace(archives=SimpleNamespace(put=lambda *args: stored.append(args)))
    )
    page = {"path": "md/index.md", "title": "Rye \ud800", "sha256": "0" * 64}
    index = index_archive(GENERATION, archive_with(json.dumps({"pages": [page]}), tmp_path))
    assert index is not None
    assert [file.title for file in index.files if file.title] == ["Rye ?"]
    store_index(services, GENERATION, index)
    assert len(stored) == 1


@pytest.mark.parametrize("part", ["{},", "[[]],", '{"a":0},', '"\U0001f600 and a longer text",'])
def test_a_manifest_with_millions_of_values_takes_little_memory(part: str, tmp_path: Path) -> None:
    values = part * (20_000_000 // len(part))
    path = archive_with(f'{{"pages": [], "values": [{values}0]}}', tmp_path)
    assert path.stat().st_size < 200_000
    output, megabytes = run_and_measure(INDEXING, str(path))
    assert output.endswith("None")
    assert megabytes < 250


def test_a_manifest_that_is_longer_than_declared_takes_little_memory(tmp_path: Path) -> None:
    """Its size and checksum in the archive are those of its beginning."""
    begin = json.dumps({"pages": []}).encode()
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("manifest.json", "w") as content:
            content.write(begin)
            for _ in range(400):
                content.write(b" " * 1_000_000)
        true = archive.getinfo("manifest.json")
    data = path.read_bytes()
    true_sizes = struct.pack("<LLL", true.CRC, true.compress_size, true.file_size)
    assert data.count(true_sizes) == 2
    declared = struct.pack("<LLL", zlib.crc32(begin), true.compress_size, len(begin))
    path.write_bytes(data.replace(true_sizes, declared))
    output, megabytes = run_and_measure(INDEXING, str(path))
    assert "bytes=13," in output
    assert megabytes < 150


def test_a_manifest_that_is_nested_too_deeply_gives_no_index(tmp_path: Path) -> None:
    manifest = '{"pages": [], "values": ' + "[" * 200_000 + "]" * 200_000 + "}"
    assert index_archive(GENERATION, archive_with(manifest, tmp_path)) is None


def test_a_long_manifest_of_an_intact_crawler_gives_an_index(tmp_path: Path) -> None:
    page = {"title": "\u00e9" * 500, "section": "[,{" * 50, "sha256": "0" * 64, "words": 1, "tokens": 2}
    pages = [
        {"path": f"md/{number}.md", "url": "https://bakery.example/" + "a" * 1970, **page}
        for number in range(1000)
    ]
    failures = [{"url": "https://bakery.example/" + "a" * 1970, "code": "x", "detail": "y" * 200}] * 1000
    manifest = json.dumps({"pages": [{"path": "md/index.md"}, *pages], "failures": failures})
    assert index_archive(GENERATION, archive_with(manifest, tmp_path)) is not None


@pytest.mark.parametrize(("number", "documents"), [(50_000, 1), (1_000_000, 0)])
def test_only_as_many_found_pages_are_stored_as_a_crawl_finds(
    number: int, documents: int, tmp_path: Path
) -> None:
    stored: list[Any] = []
    services = cast(
        "Services", SimpleNamespace(archives=SimpleNamespace(put=lambda *args: stored.append(args)))
    )
    found = tmp_path / "found"
    found.write_text("/a\n" * number)
    store_found(services, GENERATION, lambda: Taken(found, found.stat().st_size, ""))
    assert len(stored) == documents
