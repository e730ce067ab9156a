"""Only zips in the format of our crawler are accepted, so that every program unpacks the same files."""

import contextlib
import io
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.crawler.pack.paths import archive_paths
from llmready.crawler.pack.zip_file import ZipFile
from llmready.crawler.urls import BadUrl, parse_typed
from llmready.worker.archive_check import BadArchive, check_archive, check_name
from testkit.memory import run_and_measure

GOOD = ("llms.txt", "llms-full.txt", "manifest.json", "md/index.md", "md/guide/übung.md", "llms/guide.txt")
MOST = 10**9


def ours(path: Path, *names: str) -> Path:
    with ZipFile(path, MOST) as archive:
        for name in names:
            archive.add(name, f"What {name} says.".encode() * 20)
    return path


def with_name(path: Path, name: bytes, *, in_header: bytes | None = None) -> Path:
    """Write an archive whose second entry has this name; its header may contain another name of the same length."""
    placeholder = b"N" * len(name)
    data = ours(path, "llms.txt", placeholder.decode()).read_bytes()
    first, second, third = data.split(placeholder)
    path.write_bytes(first + (in_header or name) + second + name + third)
    return path


def test_archives_of_our_crawler_are_accepted(tmp_path: Path) -> None:
    check_archive(ours(tmp_path / "a.zip", *GOOD))


def test_seventy_thousand_entries_are_too_many(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="too many"):
        check_archive(ours(tmp_path / "a.zip", *(f"md/{number}.md" for number in range(70_000))))


@pytest.mark.parametrize("number", [19_000_000 // 50, 1_200_000])
def test_directory_of_very_many_entries_is_not_read(tmp_path: Path, number: int) -> None:
    """Each entry would take about 500 bytes of memory."""
    header = struct.pack("<4s24xH16x", b"PK\x01\x02", 4)
    directory = b"".join(header + b"%04x" % (entry % 65_536) for entry in range(number))
    end = struct.pack("<4s4xHHIIH", b"PK\x05\x06", 0, 0, len(directory), 0, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(directory + end)
    program = """
import sys
from pathlib import Path
from llmready.worker.archive_check import BadArchive, check_archive

try:
    check_archive(Path(sys.argv[1]))
except BadArchive as error:
    print(error)
"""
    output, megabytes = run_and_measure(program, str(path))
    assert "too many" in output or "too large" in output
    assert megabytes < 80


@pytest.mark.parametrize(
    "name",
    [
        b"../evil.md",
        b"md/../../evil.md",
        b"md/..",
        b"./evil.md",
        b"md//evil.md",
        b"/etc/passwd",
        b"//host/share/evil.md",
        b"C:/evil.md",
        b"md\\..\\..\\evil.md",
        b"..\\evil.md",
        b"md/evil.md\x00.txt",
        b"\x00\x00\x00\x00",
        b"md/ev\nil.md",
        b"md/\x1b[31m.md",
        b"md/evil.md/",
        b"md/evil.md ",
        b"md/evil. /x.md",
        b"md/NUL",
        b"md/con.md",
        "md/\u202egpj.md".encode(),
        "md/\ufeff.md".encode(),
        b"md/\xff\xfe.md",
        b"md/\xed\xa0\x80.md",
        b"md/" + b"x" * 300,
        b"x/" * 600 + b"x",
    ],
)
def test_unsafe_and_misleading_names_are_refused(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(BadArchive):
        check_archive(with_name(tmp_path / "a.zip", name))


@pytest.mark.parametrize(
    "name",
    [
        ".github/workflows/evil.yml",
        ".vscode/tasks.json",
        "conftest.py",
        "package.json",
        "AGENTS.md",
        "md/evil.py",
        "md/.claude/commands/deploy.md",
        "md/.evil.md",
        "llms/evil.sh",
        "MD/evil.md",
        "md",
    ],
)
def test_files_that_our_crawler_does_not_write_are_refused(tmp_path: Path, name: str) -> None:
    """`llmready sync` unpacks archives into repositories, where other programs run such files."""
    with pytest.raises(BadArchive, match="not a file that the crawler writes"):
        check_archive(ours(tmp_path / "a.zip", "llms.txt", name))


@pytest.mark.parametrize(
    "names",
    [
        ("md/a.md", "md/a.md"),
        ("md/a.md", "md/A.md"),
        ("md/ä.md", "md/a\u0308.md"),
        ("md/straße.md", "md/STRASSE.md"),
        ("md/a.md", "md/a.md/b.md"),
        ("md/a.md/b.md", "md/A.md"),
    ],
)
def test_two_entries_for_one_path_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(BadArchive):
        check_archive(ours(tmp_path / "a.zip", *names))


def test_a_header_that_names_another_file_than_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive):
        check_archive(with_name(tmp_path / "a.zip", b"md/good.md", in_header=b"../evil.md"))


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o010644, 0o020644, 0o060644, 0o140644])
def test_links_folders_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.zip"
    entry = zipfile.ZipInfo("md/evil.md")
    entry.create_system, entry.external_attr = 3, mode << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(BadArchive, match="regular"):
        check_archive(path)


def _before(data: bytes) -> bytes:
    return b"#!/bin/sh\n" + data


def _between(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    return data[:at] + b"hidden" + data[at:]


def _after(data: bytes) -> bytes:
    return data + b"hidden"


def _comment(data: bytes) -> bytes:
    return data[:-2] + struct.pack("<H", 6) + b"hidden"


def _encrypted(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    data = data[:6] + struct.pack("<H", 0x801) + data[8:]
    return data[: at + 8] + struct.pack("<H", 0x801) + data[at + 10 :]


def _other_size_in_header(data: bytes) -> bytes:
    return data[:18] + struct.pack("<I", 3) + data[22:]


def _twice(data: bytes) -> bytes:
    return data + data


def _cut(data: bytes) -> bytes:
    return data[:-30]


def _nothing(_: bytes) -> bytes:
    return b""


def _text(_: bytes) -> bytes:
    return b"an archive"


@pytest.mark.parametrize(
    "change",
    [
        _before,
        _between,
        _after,
        _comment,
        _encrypted,
        _other_size_in_header,
        _twice,
        _cut,
        _nothing,
        _text,
    ],
)
def test_archives_that_programs_read_differently_are_refused(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = ours(tmp_path / "a.zip", "llms.txt", "md/a.md")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BadArchive):
        check_archive(path)


def test_extra_fields_are_refused(tmp_path: Path) -> None:
    """An extra field can contain a different name than the one that is checked (APPNOTE 4.6.9)."""
    path = tmp_path / "a.zip"
    entry = zipfile.ZipInfo("md/a.md")
    evil = b"../evil.md"
    entry.extra = struct.pack("<HHBI", 0x7075, 5 + len(evil), 1, 0) + evil
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "words")
    with pytest.raises(BadArchive):
        check_archive(path)


def test_archive_over_four_gigabytes_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with ZipFile(path, MOST) as archive:
        for number in range(2):
            archive.add_parts(f"md/{number}.md", (1 << 32) - 2, 0, lambda: [b"x"], 1)
    with pytest.raises(BadArchive, match="too large"):
        check_archive(path)


@given(st.binary(max_size=200))
def test_check_handles_any_bytes(data: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("llms.txt", "words")
    good = buffer.getvalue()
    for broken in (data, good + data, data + good, good[: len(data)] + data, good[: -len(data)] + data):
        _check(broken)


def _check(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(BadArchive):
            check_archive(Path(file.name))


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_every_name_that_our_crawler_gives_is_accepted(parts: list[str]) -> None:
    try:
        url = parse_typed("https://example.com/" + "/".join(quote(part, errors="replace") for part in parts))
    except BadUrl:
        return
    for path in archive_paths([url]).values():
        check_name(path)
