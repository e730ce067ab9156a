"""Bodies with several encodings, and bodies that remain binary."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import TYPE_CHECKING

import brotli
import pytest

from llmready.crawler.failures import Failure
from llmready.crawler.fetch.bodies import Body, Budget
from llmready.crawler.fetch.response import Response
from llmready.crawler.page.media import Media, media_of
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("Rolls", "<p>Rolls at six.</p>").encode()
LIMIT = 1_000_000


def _packed(*encodings: str, data: bytes = PAGE) -> bytes:
    for name in encodings:
        packers = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
        data = packers[name](data)
    return data


def _read(packed: bytes, encoding: str, size: int) -> Body:
    body = Body(encoding, LIMIT, Budget(LIMIT))
    for at in range(0, len(packed), size):
        body.feed(packed[at : at + size])
    return body


CASES = {
    "gzip, gzip": ("gzip", "gzip"),
    "br, gzip": ("br", "gzip"),
    "deflate, gzip": ("deflate", "gzip"),
    "gzip, br": ("gzip", "br"),
    "gzip,identity , deflate,br": ("gzip", "deflate", "br"),
    "gzip": ("gzip", "gzip"),
    "br": ("gzip", "br"),
    "": ("gzip", "gzip"),
    "none": ("gzip", "gzip", "gzip"),
    "gzip, x": ("gzip",),
    "gzip,  gzip": ("gzip",),
}


@pytest.mark.parametrize("encoding", CASES)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_all_layers_are_decoded(encoding: str, size: int) -> None:
    body = _read(_packed(*CASES[encoding]), encoding, size)
    assert body.bytes() == PAGE
    assert body.is_complete


def test_the_number_of_layers_is_limited() -> None:
    with pytest.raises(Failure, match="more than 3 times"):
        Body("gzip, br, gzip, gzip", LIMIT, Budget(LIMIT))


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br, gzip"])
def test_the_bytes_between_two_layers_are_limited(encoding: str) -> None:
    packed = _packed(
        "gzip", data=_packed("br" if "br" in encoding else "gzip", data=random.randbytes(LIMIT + 10_000))
    )
    with pytest.raises(Failure, match="larger than"):
        _read(packed, encoding, 65_536)


def test_a_bomb_in_a_bomb_is_limited() -> None:
    with pytest.raises(Failure, match="larger than"):
        _read(_packed("gzip", "gzip", "gzip", data=bytes(50_000_000)), "gzip, gzip", 65_536)


def test_data_that_ends_early_in_an_inner_layer_is_incomplete() -> None:
    packed = gzip.compress(gzip.compress(b"<p>" + random.Random(1).randbytes(5000).hex().encode())[:-500])
    assert not _read(packed, "gzip, gzip", 1000).is_complete


def test_pages_with_several_encodings_are_kept_and_binary_data_is_not(tmp_path: Path) -> None:
    def packed(header: str, *encodings: str) -> Answer:
        body = _packed(*encodings, data=page(header, f"<p>Words of {header}.</p>").encode())
        return Answer(body, headers={"Content-Type": "text/html", "Content-Encoding": header})

    pages = {
        "/a": packed("gzip, gzip", "gzip", "gzip"),
        "/b": packed("br, gzip", "br", "gzip"),
        "/c": packed("gzip", "gzip", "gzip"),
        "/binary": packed("identity", "br"),
    }
    with serving({"/": page("Home", links(*pages)), **pages}) as site:
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/a", "/b", "/c"}
    failures = {one["url"].removeprefix(site.url): one for one in found.manifest["failures"]}
    assert {path: one["code"] for path, one in failures.items()} == {"/binary": "bad_encoding"}
    assert "binary data" in failures["/binary"]["detail"]


URL = parse("https://bakery.example/rolls")


def _media(body: bytes, kind: str = "text/html") -> Media:
    return media_of(Response(URL, 200, {"Content-Type": kind}, body))


@pytest.mark.parametrize("seed", range(20))
def test_compressed_data_is_binary(seed: int) -> None:
    text = random.Random(seed).randbytes(2000).hex().encode()
    for packed in (
        _packed("deflate", data=text),
        _packed("br", data=text),
        random.Random(seed).randbytes(300),
    ):
        for kind in ("text/html", "text/html; charset=utf-8", "application/xhtml+xml"):
            assert _media(packed, kind) is Media.BINARY


@pytest.mark.parametrize(
    "body", [b"%PDF-1.7\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"]
)
def test_files_that_are_labelled_as_html_are_no_pages(body: bytes) -> None:
    assert _media(body + b"text" * 100) is Media.OTHER


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-16", "utf-16-le", "shift_jis", "euc_jp", "gb18030", "big5", "iso2022_jp"]
)
def test_text_in_any_encoding_is_not_binary(codec: str) -> None:
    for text in ("日本語の本文です" * 80, "<p>日本語", "Plain words, and <b>bold</b> ones."):
        assert (
            _media(
                text.encode(codec, "replace"),
                f"text/html; charset={codec.replace('iso2022_jp', 'iso-2022-jp')}",
            )
            is Media.HTML
        )
    assert _media(b"") is Media.HTML
    assert _media(b"x\0y\0\0" * 100) is Media.HTML


def _header(flags: int, fields: bytes) -> bytes:
    """Return PAGE as gzip with optional fields in its header (RFC 1952, section 2.3.1)."""
    packed = gzip.compress(PAGE)
    return packed[:3] + bytes([flags]) + packed[4:10] + fields + packed[10:]


GZIP = gzip.compress(PAGE)
LENIENT = {
    "wrong checksum": (GZIP[:-8] + b"\0\1\2\3" + GZIP[-4:], "gzip"),
    "wrong length": (GZIP[:-4] + b"\0\1\2\3", "gzip"),
    "no trailer": (GZIP[:-8], "gzip"),
    "half a trailer": (GZIP[:-3], "gzip"),
    "not declared": (GZIP[:-4] + b"\0\1\2\3", ""),
    "extra field": (_header(4, b"\3\0abc"), "gzip"),
    "name, comment and header checksum": (_header(26, b"page.html\0of rolls\0\xff\xff"), "gzip"),
    "all fields": (_header(31, b"\0\0page.html\0\0\0\0"), "gzip"),
    "data behind it": (GZIP + b"\0" * 40, "gzip"),
    "one sign behind it": (GZIP + b"\x1f", "gzip"),
    "members": (gzip.compress(PAGE[:9]) + gzip.compress(b"") + gzip.compress(PAGE[9:]), "gzip"),
    "deflate with a wrong checksum": (zlib.compress(PAGE)[:-4] + b"\0\1\2\3", "deflate"),
    "deflate without a checksum": (zlib.compress(PAGE)[:-4], "deflate"),
    "deflate without a header": (zlib.compress(PAGE, wbits=-15), "deflate"),
}


@pytest.mark.parametrize("name", LENIENT)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_checksums_are_not_compared_and_headers_may_have_fields(name: str, size: int) -> None:
    body = _read(*LENIENT[name], size)
    assert body.bytes() == PAGE
    assert body.is_complete


@pytest.mark.parametrize("cut", [5, 12, len(GZIP) // 2, len(GZIP) - 9])
def test_data_without_its_end_is_not_complete(cut: int) -> None:
    assert not _read(GZIP[:cut], "gzip", 10_000).is_complete


@pytest.mark.parametrize(
    "packed",
    [
        GZIP[:2] + b"\7" + GZIP[3:],
        GZIP[:3] + b"\x80" + GZIP[4:],
        GZIP[:10] + b"\xff" * 100,
    ],
    ids=["method", "reserved flag", "data"],
)
def test_damaged_data_is_a_failure(packed: bytes) -> None:
    with pytest.raises(Failure, match="damaged"):
        _read(packed, "gzip", 50_000)


def test_bytes_between_two_encodings_count_in_the_budget_of_the_crawl() -> None:
    packed = _packed("gzip", data=gzip.compress(b"") * 40_000)
    assert len(packed) < 10_000
    budget = Budget(1_000_000)
    Body("gzip, gzip", LIMIT, budget).feed(packed)
    assert budget.left < 300_000
