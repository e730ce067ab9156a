"""Limits of bodies, robots.txt and sitemaps."""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from operator import methodcaller
from typing import Any, TypeVar

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.bodies import Body, Budget
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.fetch.redirects import follow
from llmready.crawler.fetch.response import Response
from llmready.crawler.fetch.robots import Robots, read_robots
from llmready.crawler.fetch.sitemap_file import parse_sitemap
from llmready.crawler.fetch.sitemaps import read_sitemaps
from llmready.crawler.fetch.throttle import OutOfTimeError, Throttle
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.serving import Answer, Site, page, serving

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

START = parse("https://example.com/")
XML = {"Content-Type": "application/xml"}
T = TypeVar("T")


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def _zstd(data: bytes) -> bytes:
    return bytes(zstd.compress(data))


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "identity": ("", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", _raw_deflate),
    "br": ("br", lambda data: brotli.compress(data, quality=4)),
    "zstd": ("zstd", _zstd),
}


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_bodies_are_decoded_in_pieces_of_any_size(name: str, size: int) -> None:
    encoding, pack = PACKERS[name]
    data = b"".join(b"line %d\n" % number for number in range(3000))
    packed = pack(data)
    body = Body(encoding, len(data), Budget(len(data)))
    for start in range(0, len(packed), size):
        assert body.feed(packed[start : start + size])
    assert body.bytes() == data


@pytest.mark.parametrize("name", PACKERS)
def test_body_over_its_limit_is_not_read_further(name: str) -> None:
    encoding, pack = PACKERS[name]
    packed = pack(b"\x00" * 50_000_000)
    body = Body(encoding, 100_000, Budget(1_000_000))
    began = time.process_time()
    with pytest.raises(Failure) as caught:
        body.feed(packed)
    assert caught.value.code == Code.PAGE_TOO_LARGE
    assert time.process_time() - began < 0.2
    assert len(body.bytes()) <= 500_000


@pytest.mark.parametrize("name", PACKERS)
def test_body_that_may_be_truncated_is_truncated(name: str) -> None:
    encoding, pack = PACKERS[name]
    body = Body(encoding, 100, Budget(1000), cut=True)
    assert body.feed(pack(b"ab" * 500)) is False
    assert body.bytes() == b"ab" * 50


def _endless(name: str) -> tuple[str, bytes, bytes]:
    """Return an encoding, and the beginning and an endless repetition of a body that decodes to nothing."""
    empty = gzip.compress(b"", mtime=0)
    return {
        "name of a file in gzip": ("gzip", b"\x1f\x8b\x08\x08\0\0\0\0\0\x03", b"a" * 65_536),
        "empty files in gzip": ("gzip", empty, empty * 3000),
        "bytes behind gzip": ("gzip", empty, b"a" * 65_536),
        "metadata in brotli": ("br", b"\xac\x7f" + bytes(256), (b"\xd6\x3f" + bytes(256)) * 250),
        "skipped frame in zstd": ("zstd", b"\x50\x2a\x4d\x18\xff\xff\xff\xff", b"a" * 65_536),
        "two bytes of gzip": ("", empty, b"a" * 65_536),
    }[name]


ENDLESS = (
    "name of a file in gzip",
    "empty files in gzip",
    "bytes behind gzip",
    "metadata in brotli",
    "skipped frame in zstd",
    "two bytes of gzip",
)


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_body_that_decodes_to_nothing_is_limited_by_its_encoded_bytes(name: str) -> None:
    encoding, beginning, part = _endless(name)
    limit = 1_000_000
    for budget, code in ((10 * limit, Code.PAGE_TOO_LARGE), (limit // 2, Code.BUDGET_EXCEEDED)):
        body = Body(encoding, limit, Budget(budget))
        assert body.feed(beginning)
        tracemalloc.start()
        parts = iter([part] * (10 * limit // len(part)))
        with pytest.raises(Failure) as caught:
            deque(map(body.feed, parts), maxlen=0)
        fed = 10 * limit - sum(map(len, parts))
        _, most_kept = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert caught.value.code == code
        assert fed <= min(limit, budget) + 3 * 65_536
        assert body.bytes() == b""
        assert most_kept < limit // 2
    cut = Body(encoding, limit, Budget(10 * limit), cut=True)
    cut.feed(beginning)
    assert not all(cut.feed(part) for _ in range(10 * limit // len(part)))


def test_the_budget_of_a_crawl_ends_it() -> None:
    budget = Budget(150)
    Body("", 100, budget).feed(b"x" * 100)
    with pytest.raises(Failure) as caught:
        Body("", 100, budget).feed(b"x" * 51)
    assert caught.value.code == Code.BUDGET_EXCEEDED


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(min_size=1, max_size=200))
def test_damaged_bodies_raise_the_same_failure(encoding: str, data: bytes) -> None:
    body = Body(encoding, 1000, Budget(1000))
    with suppress(Failure):
        body.feed(data)
    assert len(body.bytes()) <= 100_000


def _with_fetcher(site: Site, work: Callable[[HttpClient], Coroutine[Any, Any, T]], **limits: float) -> T:
    async def go() -> T:
        start = parse(site.url)
        async with HttpClient(AddressGuard([(start.host, start.port)]), "test", Limits(**limits)) as fetcher:  # type: ignore[arg-type]
            return await work(fetcher)

    return asyncio.run(go())


def test_page_has_a_time_limit() -> None:
    with serving({"/drip": Answer(page("Slow"), drip=0.05), "/late": Answer(page("Late"), delay=3)}) as site:
        for path, limits in [("/drip", {"page_seconds": 0.5}), ("/late", {"headers_seconds": 0.5})]:
            with pytest.raises(Failure) as caught:
                _with_fetcher(site, methodcaller("get", parse(site.url + path)), **limits)
            assert caught.value.code == Code.TIMEOUT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", None),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0),
        ("soon", -1),
        ("", -1),
        ("-5", -1),
        ("9" * 400, 999_999_999),
        ("\u00b2", -1),
        ("\u0663", -1),
        ("Fri, 31 Dec 99999 23:59:59 GMT", -1),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """`None` stands for a date years in the future, -1 for a value that is not valid."""
    found = Response(START, 503, {"Retry-After": text}, b"").retry_after
    if seconds is None:
        assert found is not None
        assert found > 1e9
    else:
        assert (-1 if found is None else found) == seconds


def test_redirect_to_an_internal_address_is_refused_at_each_hop() -> None:
    def answer(path: str) -> Answer | None:
        target = "http://127.0.0.1:1/" if path == "/3" else f"/{int(path[1:]) + 1}"
        return Answer(status=302, headers={"Location": target})

    with serving(answer) as site:
        with pytest.raises(Failure) as caught:
            _with_fetcher(
                site, lambda fetcher: follow(fetcher, parse(site.url + "/0"), accept="*/*", limit=1000)
            )
        assert caught.value.code == Code.BLOCKED_ADDRESS
        assert site.paths == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (Answer("User-agent: *\nDisallow: /", headers={}), False),
        (Answer("\ufeffUser-agent: *\nDisallow: /", headers={}), False),
        (Answer("User-agent: LLMReadyBot/1.0\nDisallow: /\n\nUser-agent: *\nAllow: /", headers={}), False),
        (Answer("User-agent: *\nDisallow: /\n\nUser-agent: llmreadybot\nAllow: /", headers={}), True),
        (Answer("User-agent: *\nDisallow: /p\nAllow: /page", headers={}), True),
        (Answer("User-agent: *\nDisallow: /*.html$", headers={}), False),
        (Answer("User-agent: *\nDisallow:", headers={}), True),
        (Answer("<html>not robots</html>"), True),
        (Answer("", 404), True),
        (Answer("", 403), True),
        (
            Answer("User-agent: *\nAllow: /\n" + "#" * 600_000 + "\nUser-agent: *\nDisallow: /", headers={}),
            True,
        ),
    ],
)
def test_robots(answer: Answer, allowed: bool) -> None:  # noqa: FBT001
    with serving({"/robots.txt": answer}) as site:
        start = parse(site.url)
        robots = _with_fetcher(site, lambda fetcher: read_robots(fetcher, start))
        assert robots.allows(parse(f"{site.url}/page.html")) is allowed


@pytest.mark.parametrize("status", [429, 500, 503])
def test_robots_that_cannot_be_read_forbid_everything(status: int) -> None:
    with serving({"/robots.txt": Answer("", status)}) as site:
        with pytest.raises(Failure) as caught:
            _with_fetcher(site, lambda fetcher: read_robots(fetcher, parse(site.url)))
        assert caught.value.code == Code.ROBOTS_UNREACHABLE


def test_robots_txt_gives_delay_and_sitemaps() -> None:
    robots = Robots(
        START, "User-agent: *\nCrawl-delay: 2.5\nSitemap: /a.xml\nSitemap: https://cdn.example.net/b.xml"
    )
    assert robots.delay == 2.5
    assert [str(url) for url in robots.sitemaps] == [
        "https://example.com/a.xml",
        "https://cdn.example.net/b.xml",
    ]


def test_no_robots_rule_is_slow() -> None:
    robots = Robots(START, "User-agent: *\n" + "Disallow: /" + "*a" * 500 + "b$\n")
    began = time.process_time()
    assert robots.allows(parse("https://example.com/" + "a" * 1900))
    assert time.process_time() - began < 1


def test_delay_longer_than_the_remaining_time_ends_the_crawl() -> None:
    async def two(delay: float) -> None:
        throttle = Throttle(4, deadline=asyncio.get_running_loop().time() + 60)
        throttle.space(delay)
        async with throttle.slot():
            pass
        async with throttle.slot():
            pass

    with pytest.raises(OutOfTimeError, match="longer than the time limit of the crawl"):
        asyncio.run(two(3600))
    asyncio.run(two(-1))
    asyncio.run(two(0))


@pytest.mark.parametrize(
    ("text", "pages", "maps"),
    [
        ("<urlset><url><loc> https://example.com/a </loc></url></urlset>", ["/a"], []),
        ("<urlset xmlns='x'><url><loc><![CDATA[/a?b=1&c=2]]></loc></url></urlset>", ["/a?b=1&c=2"], []),
        ("<s:urlset xmlns:s='x'><s:url><s:loc>/a</s:loc></s:url></s:urlset>", ["/a"], []),
        (
            "<urlset xmlns:i='y'><url><loc>/a</loc><i:image><i:loc>/i.png</i:loc></i:image></url></urlset>",
            ["/a"],
            [],
        ),
        ("<sitemapindex><sitemap><loc>/b.xml</loc></sitemap></sitemapindex>", [], ["/b.xml"]),
        (
            "\ufeff<?xml version='1.0' encoding='utf-8'?><urlset><url><loc>/ä</loc></url></urlset>",
            ["/%C3%A4"],
            [],
        ),
        ("<urlset><url><loc>/a</loc></url><url><loc>/b</loc></url><broken", ["/a", "/b"], []),
        ("https://example.com/a\r\nhttps://example.com/b\nnonsense\n", ["/a", "/b"], []),
        ("<html><body>no sitemap</body></html>", [], []),
        ("", [], []),
        ("<urlset><url><loc>javascript:alert(1)</loc></url></urlset>", [], []),
        (
            "<!DOCTYPE u [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><urlset><url><loc>/&x;</loc></url></urlset>",
            [],
            [],
        ),
    ],
)
def test_sitemaps(text: str, pages: list[str], maps: list[str]) -> None:
    found = parse_sitemap(text.encode(), START)
    assert [entry.url.target for entry in found.pages] == pages
    assert [url.target for url in found.sitemaps] == maps


def test_billion_laughs_sitemap_is_not_expanded() -> None:
    entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    text = f"<!DOCTYPE u [<!ENTITY l0 'lol'>{entities}]><urlset><url><loc>/&l11;</loc></url></urlset>"
    began = time.process_time()
    assert parse_sitemap(text.encode(), START).pages == []
    assert time.process_time() - began < 1


@given(st.binary(max_size=300) | st.text(alphabet="<>/urlsetoc &;![]-x=' ", max_size=200).map(str.encode))
def test_invalid_sitemaps_raise_no_error(data: bytes) -> None:
    parse_sitemap(data, START)


def test_sitemaps_that_name_each_other_end() -> None:
    def answer(path: str) -> Answer | None:
        number = (
            int(path.removeprefix("/s").removesuffix(".xml") or 0)
            if path.startswith("/s") and path[2].isdigit()
            else 0
        )
        inner = f"<sitemap><loc>/s{number + 1}.xml</loc></sitemap><sitemap><loc>/sitemap.xml</loc></sitemap>"
        return Answer(f"<sitemapindex>{inner}</sitemapindex>", headers=XML)

    async def walk(fetcher: HttpClient) -> int:
        start = parse(site.url)
        return sum([len(entries) async for entries in read_sitemaps(fetcher, Robots(start), start, [])])

    with serving(answer) as site:
        assert _with_fetcher(site, walk) == 0
        assert 10 < len(site.paths) <= 50


def test_sitemap_bomb_is_skipped() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 30_000_000)
    pages: dict[str, Answer | str] = {
        "/robots.txt": Answer("Sitemap: /bomb.xml.gz", headers={}),
        "/bomb.xml.gz": Answer(bomb, headers={"Content-Type": "application/gzip"}),
        "/sitemap.xml": Answer("<urlset><url><loc>/a</loc></url></urlset>", headers=XML),
    }

    async def walk(fetcher: HttpClient) -> list[str]:
        start = parse(site.url)
        robots = await read_robots(fetcher, start)
        return [
            one.url.target async for entries in read_sitemaps(fetcher, robots, start, []) for one in entries
        ]

    with serving(pages) as site:
        assert _with_fetcher(site, walk) == ["/a"]
