"""The archive as a file: names, bytes, size."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import subprocess
import unicodedata
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from llmready.crawler.pack.paths import archive_paths
from llmready.crawler.pack.zip_file import ZipFile
from llmready.crawler.store.deflate import deflated
from llmready.crawler.urls import join, parse
from testkit.crawler_program import Run, call
from testkit.serving import Answer, links, page, serving

_PIECES = (
    *(
        "con",
        "NUL.txt",
        "com1",
        "LPT9",
        "aux.",
        "prn .md",
        "CONIN$",
        "..",
        ".",
        "...",
        " ",
        "a.",
        "a ",
        ".git",
        "-",
    ),
    *(
        "é",
        "e\u0301",
        "Å",
        "A\u030a",
        "\u212b",
        "\ufb01",
        "fi",
        "ß",
        "SS",
        "ss",
        "İ",
        "i\u0307",
        "\u017f",
        "\u03c2",
    ),
    *(
        "\u03c3",
        "K",
        "\u212a",
        "%2e%2e",
        "%2F",
        "%5C",
        "%00",
        "%0a",
        "a%2F..%2Fb",
        "%c0%af",
        "%FF",
        "%25",
        "a:b",
    ),
    *(
        "C:",
        "a|b",
        "a*?",
        "<x>",
        '"',
        "\u202etxt.exe",
        "a\u200bb",
        "x.md",
        "X.MD",
        "index",
        "index.html",
        "_",
    ),
    *(
        "INDEX.HTML",
        "llms.txt",
        "manifest.json",
        "long" * 60,
        "ü" * 90,
        "😀" * 40,
        "deep",
        "CASE",
        "case",
        "Case",
    ),
    *("cAsE", "md", "~", "$RECYCLE.BIN", "desktop.ini"),
)


def hostile_urls(count: int) -> list[str]:
    """Paths that file systems, unpackers or this archive could confuse with other paths."""
    chance = random.Random(500)
    paths = {f"/{quote(piece, safe='%/')}" for piece in _PIECES}
    while len(paths) < count:
        parts = [quote(chance.choice(_PIECES), safe="%/") for _ in range(chance.randint(1, 6))]
        query = f"?{quote(chance.choice(_PIECES))}={chance.randint(0, 3)}" if chance.random() < 0.2 else ""
        paths.add("/" + "/".join(parts) + query)
    return sorted(paths)[:count]


def test_500_hostile_paths_neither_escape_nor_collide(tmp_path: Path) -> None:
    start = parse("https://example.com/")
    urls = {url for url in (join(start, path) for path in hostile_urls(700)) if url is not None}
    assert len(urls) >= 500
    paths = archive_paths(urls)
    assert set(paths) == urls
    names = list(paths.values())
    # As case-insensitive filesystems that normalise see them: NTFS, APFS, HFS+.
    for form in ("NFC", "NFD", "NFKC"):
        assert len({unicodedata.normalize(form, name).casefold() for name in names}) == len(names)
    files = {name.casefold() for name in names}
    folders = {"/".join(name.split("/")[:end]) for name in files for end in range(1, name.count("/") + 1)}
    assert not files & folders
    with ZipFile(tmp_path / "a.zip", 10**9) as packed:
        for name in names:
            packed.add(name, name.encode())
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        assert found.namelist() == names
        found.extractall(tmp_path / "out")
    written = {
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    }
    assert written == set(names)
    assert all((tmp_path / "out" / name).read_text() == name for name in names)
    assert not [name for name in names if re.search(r'[<>:"|?*\\\x00-\x1f\x7f]|\.\.|//|[ .](?:/|$)', name)]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    paths = [
        f"/{part}/{number}?a={number % 3}" for part in ("guide", "Guide", "café") for number in range(25)
    ]

    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return None
        # The order is random.
        delay = random.Random().random() / 50
        return Answer(page(path, links(*paths) if path == "/" else f"<pre>{path * 50}</pre>"), delay=delay)

    with serving(answer) as site:
        first, second = (
            call(site.url, tmp_path_factory.mktemp("twice"), "--zip").completed() for _ in range(2)
        )
    return first, second


def test_the_same_site_gives_the_same_bytes(twice: tuple[Run, Run]) -> None:
    first, second = (_contents(done.out) for done in twice)
    assert set(first) == set(second)
    assert {name for name in first if first[name] != second[name]} == {"manifest.json"}
    packed = [zipfile.ZipFile(done.last["archive"]) for done in twice]
    assert packed[0].namelist() == packed[1].namelist()
    for one, other in zip(*(found.infolist() for found in packed), strict=True):
        if one.filename != "manifest.json":
            assert (one.CRC, one.compress_size, one.date_time) == (
                other.CRC,
                other.compress_size,
                other.date_time,
            )


def test_zip_and_folder_have_the_same_content(twice: tuple[Run, Run], tmp_path: Path) -> None:
    done = twice[0]
    archive = Path(done.last["archive"])
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == done.last["sha256"]
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == _contents(done.out)
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-q", archive, "-d", tmp_path], check=True)
        assert _contents(tmp_path) == _contents(done.out)


def test_the_manifest_counts_tokens_and_says_how(twice: tuple[Run, Run]) -> None:
    manifest = twice[0].manifest
    assert manifest["tokens_counted_by"] == "llmready-estimate-1"
    assert manifest["tokens"] == sum(entry["tokens"] for entry in manifest["pages"])
    assert all(entry["tokens"] >= entry["words"] / 2 for entry in manifest["pages"])
    assert manifest["link_target"] == "page"
    quality = manifest["quality"]
    assert quality == twice[0].last["quality"]
    assert quality["score"] == 100 - sum(reason["points"] for reason in quality["reasons"])
    assert "not_https" not in [reason["code"] for reason in quality["reasons"]]


def test_an_archive_that_is_too_large_fails_clearly(tmp_path: Path) -> None:
    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return None
        noise = random.Random(path).randbytes(150_000).hex()
        words = " ".join(noise[at : at + 12] for at in range(0, len(noise), 12))
        return Answer(page(path, links("/1", "/2", "/3", "/4", "/5", "/6") + f"<p>{words}</p>"))

    with serving(answer) as site:
        done = call(site.url, tmp_path, "--zip", LLMREADY_ARCHIVE_MB="1")
    done.failed("archive_too_large")
    assert "1 MB" in done.last["detail"]


def test_more_files_than_a_plain_zip_can_name(tmp_path: Path) -> None:
    part = deflated(b"x")
    with ZipFile(tmp_path / "many.zip", 10**9) as packed:
        for number in range(70_000):
            packed.add_parts(f"md/{number}.md", 1, zlib.crc32(b"x"), lambda: [part], len(part))
    with zipfile.ZipFile(tmp_path / "many.zip") as found:
        assert len(found.namelist()) == 70_000
        assert found.read("md/69999.md") == b"x"


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
