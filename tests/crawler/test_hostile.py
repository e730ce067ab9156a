"""Sites that try to make the crawler connect to private addresses, use much memory or never end."""

from __future__ import annotations

import asyncio
import gzip
import html
import ipaddress
import random
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import brotli
import pytest

from llmready.addresses import Address, is_public
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.fetch.resolver import GuardedResolver
from llmready.crawler.fetch.robots import MAX_SITEMAPS, read_robots
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.crawler_program import call, watched_run
from testkit.serving import HTML, Answer, links, page, serving
from testkit.tricks import tricks

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = {"Content-Type": "text/plain"}
XML = {"Content-Type": "application/xml"}
MEMORY_LIMIT = 300  # MB

_connections: list[tuple[str, int]] = []
_watching = threading.Event()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watching.is_set() and arguments[0].family != socket.AF_UNIX:
        _connections.append(arguments[1][:2])


sys.addaudithook(_hear)

_NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "mixed.test": ["93.184.216.34", "169.254.169.254"],
    "six.test": ["fd00:ec2::254"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "cname.test": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
}


def _resolve(host: str, *_: Any, **__: Any) -> list[Any]:
    """Answer as an attacker's name server would."""
    name = str(host).rstrip(".")
    found = _NAMES.get(name) or (["10.0.0.1"] if name.endswith(".test") else [])
    if name == "127.0.0.1":
        found = [name]
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "not known")
    return [
        (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0))
        for one in found
    ]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Record all connections that this process tries to make, with Python's audit events."""
    monkeypatch.setattr(socket, "getaddrinfo", _resolve)
    _connections.clear()
    _watching.set()
    yield _connections
    _watching.clear()


def _foreign(seen: list[tuple[str, int]], port: int) -> int:
    return len([one for one in seen if one != ("127.0.0.1", port)])


def _header(text: str) -> str:
    """Return a header value with any bytes, as a server may send them."""
    return text.replace("\r", "").replace("\n", "").encode().decode("latin-1")


def test_corpus_of_tricks_is_large() -> None:
    assert len(set(tricks(8080))) >= 150


Record = Callable[[str, object], None]


def test_links_to_internal_addresses_are_refused(
    connections: list[tuple[str, int]], tmp_path: Path, record_property: Record
) -> None:
    def answer(path: str) -> Answer | None:
        if path == "/":
            anchors = "".join(f'<a href="{html.escape(url)}">x</a>' for url in named)
            frames = "".join(f'<iframe src="{html.escape(url)}"></iframe>' for url in named)
            pages = links(*(f"/{kind}/{number}" for kind in "cbm" for number in range(len(named))))
            return Answer(page("Home", anchors + frames + pages))
        kind, _, number = path.strip("/").partition("/")
        if not number.isdecimal():
            return None
        url = html.escape(named[int(number)])
        head = {
            "c": f'<link rel="canonical" href="{url}"><link rel="alternate" type="text/markdown" href="{url}">'
            f'<link rel="alternate" hreflang="de" href="{url}">',
            "b": f'<base href="{url}">',
            "m": f'<meta http-equiv="refresh" content="0; url={url}">',
        }[kind]
        return Answer(page(f"{kind} {number}", '<a href="x">x</a>', head))

    with serving(answer) as site:
        named = tricks(site.port)
        found = call(site.url, tmp_path, "--max-pages", "2000", "--timeout", "60").completed()
        assert set(connections) == {("127.0.0.1", site.port)}
        assert found.last["pages_crawled"] > len(named)
        told = f"{len(named)} address tricks as links, frames, canonicals, bases and refreshes"
        record_property("figure", f"{told}: {_foreign(connections, site.port)} forbidden connections")
        assert all(one["url"].startswith(site.url) for one in found.manifest["pages"])


def test_redirects_to_internal_addresses_are_refused(
    connections: list[tuple[str, int]], tmp_path: Path, record_property: Record
) -> None:
    def answer(path: str) -> Answer | None:
        if path == "/":
            return Answer(page("Home", links(*(f"/to/{number}" for number in range(len(named))))))
        number = path.rpartition("/")[2]
        if not number.isdecimal():
            return None
        status = (301, 302, 303, 307, 308)[int(number) % 5]
        return Answer(status=status, headers={"Location": _header(named[int(number)])})

    with serving(answer) as site:
        named = tricks(site.port)
        call(site.url, tmp_path, "--max-pages", "1000").completed()
        assert set(connections) == {("127.0.0.1", site.port)}
        assert len([path for path in site.paths if path.startswith("/to/")]) >= len(named)
        seen = _foreign(connections, site.port)
        record_property("figure", f"{len(named)} address tricks as redirects: {seen} forbidden connections")


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://localhost/", "http://inside.test/"])
def test_start_page_that_redirects_to_an_internal_address_fails(
    url: str, connections: list[tuple[str, int]], tmp_path: Path
) -> None:
    with serving({"/": Answer(status=302, headers={"Location": url})}) as site:
        call(site.url, tmp_path).failed("redirects_elsewhere")
        assert set(connections) == {("127.0.0.1", site.port)}


def test_sitemaps_with_internal_addresses_are_refused(
    connections: list[tuple[str, int]], tmp_path: Path, record_property: Record
) -> None:
    """The addresses are in sitemaps as pages and as further sitemaps, and in robots.txt as sitemaps."""
    with serving({}) as probe:
        port = probe.port
    named = [url for url in tricks(port) if url.isprintable()]
    for start in range(0, len(named), MAX_SITEMAPS - 1):
        some = named[start : start + MAX_SITEMAPS - 1]
        entries = "".join(f"<url><loc>{escape(url)}</loc></url>" for url in named)
        indexed = "".join(f"<sitemap><loc>{escape(url)}</loc></sitemap>" for url in some)
        lines = "".join(f"Sitemap: {url}\n" for url in some)
        pages: dict[str, Answer | str] = {
            "/": page("Home"),
            "/robots.txt": Answer(f"User-agent: *\nAllow: /\nSitemap: /own.xml\n{lines}", headers=TEXT),
            "/own.xml": Answer(f"<urlset>{entries}</urlset>", headers=XML),
            "/sitemap.xml": Answer(f"<sitemapindex>{indexed}</sitemapindex>", headers=XML),
        }
        with serving(pages) as site:
            call(site.url, tmp_path / str(start)).completed()
            assert set(connections) == {("127.0.0.1", site.port)}
            assert "/own.xml" in site.paths
            connections.clear()
    record_property(
        "figure", f"{len(named)} address tricks in sitemaps and robots.txt: 0 forbidden connections"
    )


def test_robots_txt_that_redirects_to_an_internal_address_is_refused(
    connections: list[tuple[str, int]], record_property: Record
) -> None:
    async def read(origin: str) -> Failure | None:
        guard = AddressGuard([("127.0.0.1", int(origin.rpartition(":")[2]))])
        async with HttpClient(guard, "test", Limits()) as fetcher:
            try:
                await read_robots(fetcher, parse(origin))
            except Failure as failure:
                return failure
        return None

    target = [""]
    with serving(lambda _: Answer(status=302, headers={"Location": _header(target[0])})) as site:
        for target[0] in tricks(site.port):
            asyncio.run(read(site.url))
        assert set(connections) == {("127.0.0.1", site.port)}
        told = f"{len(tricks(site.port))} address tricks as redirects of robots.txt"
        record_property("figure", f"{told}: {_foreign(connections, site.port)} forbidden connections")


def test_thousand_dns_rebinding_attempts_reach_nothing(record_property: Record) -> None:
    """The resolver returns public addresses, private addresses, or both; only public addresses get connections."""
    chance = random.Random(5)
    answers = [
        "93.184.216.34",
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "2606:4700::1111",
        "fd00::1",
    ]
    connected: list[Address] = []

    class Watched(AddressGuard):
        def check_connect(self, address: Address, port: int) -> None:
            super().check_connect(address, port)
            connected.append(address)
            raise ConnectionRefusedError

    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address(one) for one in chance.sample(answers, chance.randint(1, 2))]

    async def ask() -> list[Code]:
        guard = Watched()
        codes = []
        async with HttpClient(guard, "test", Limits(), GuardedResolver(guard, look_up)) as fetcher:
            for number in range(1000):
                with pytest.raises(Failure) as caught:
                    await fetcher.get(parse(f"http://n{number % 500}.rebind.example.com/"))
                codes.append(caught.value.code)
        return codes

    codes = asyncio.run(ask())
    assert set(codes) == {Code.BLOCKED_ADDRESS, Code.CONNECTION_FAILED}
    assert min(codes.count(code) for code in set(codes)) > 50
    assert connected
    assert all(is_public(address) for address in connected)
    refused = codes.count(Code.BLOCKED_ADDRESS)
    told = f"{len(codes)} answers of name servers that flip: {refused} refused"
    record_property("figure", f"{told}, {len(connected)} connections, all to public addresses")


def _bomb(encoding: str, megabytes: int = 120) -> bytes:
    part = bytes(1 << 20)
    packers: dict[str, Any] = {
        "gzip": zlib.compressobj(9, wbits=31),
        "deflate": zlib.compressobj(9),
        "zstd": zstd.ZstdCompressor(3),
    }
    if encoding == "br":
        packer = brotli.Compressor(quality=5)
        return bytes(b"".join(packer.process(part) for _ in range(megabytes)) + packer.finish())
    packer = packers[encoding]
    return bytes(b"".join(packer.compress(part) for _ in range(megabytes)) + packer.flush())


def test_compression_bombs_use_little_memory(tmp_path: Path, record_property: Record) -> None:
    encodings = ("gzip", "deflate", "br", "zstd")
    bombs = {name: _bomb(name) for name in encodings}
    twice = gzip.compress(bombs["gzip"])
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*(f"/{name}{number}" for name in encodings for number in range(4)), "/good")),
        "/good": page("Good"),
        "/robots.txt": Answer(bombs["gzip"], headers={**TEXT, "Content-Encoding": "gzip"}),
        "/sitemap.xml": Answer(twice, headers={**XML, "Content-Encoding": "gzip"}),
        **{
            f"/{name}{number}": Answer(bombs[name], headers={"Content-Type": HTML, "Content-Encoding": name})
            for name in encodings
            for number in range(4)
        },
    }
    with serving(pages) as site:
        run, peak = watched_run(site.url, tmp_path, "--timeout", "60")
    assert run.code == 0, run.stderr
    codes = {one["url"].removeprefix(site.url): one["code"] for one in run.manifest["failures"]}
    assert codes == {f"/{name}{number}": "page_too_large" for name in encodings for number in range(4)}
    assert run.urls(site.url) == {"/", "/good"}
    assert 20 < peak < MEMORY_LIMIT
    record_property(
        "figure", f"16 bombs of 120 MB in 4 encodings: {peak:.0f} MB at the peak, limit {MEMORY_LIMIT}"
    )


def _months(path: str) -> str:
    """An endless calendar: each month has days and links to the next and the previous month."""
    year, month = map(int, [*path.strip("/").split("/"), "2026", "11"][:2]) if path != "/" else (2026, 11)
    around = (f"/{(year * 12 + month - 1 + step) // 12}/{(month - 1 + step) % 12 + 1}" for step in (-1, 1))
    return links(*around, *(f"/{year}/{month}/{day}" for day in (1, 11, 21)))


def _filters(path: str) -> str:
    return links(*(f"?page={number}&order={hash((path, number)) % 10**9}" for number in range(30)))


_TRAPS: dict[str, Callable[[str], str]] = {
    "calendar": _months,
    "branching": lambda path: links(f"{path.rstrip('/')}0/next", f"{path.rstrip('/')}1/previous"),
    "deeper": lambda _: links("deeper/"),
    "queries": _filters,
    "sessions": lambda path: links(
        f"/s;jsessionid={hash(path)}", f"/s?phpsessid={hash(path)}", f"/s?utm_id={path}"
    ),
    "doubling": lambda _: links("a/b/", "b/a/"),
    "long": lambda path: links(f"{path}{'x' * 150}"),
}


@pytest.mark.parametrize("name", _TRAPS)
def test_crawler_trap_ends_by_rule(name: str, tmp_path: Path, record_property: Record) -> None:
    """The crawl ends long before its timeout and its limit of pages."""
    counter = iter(range(10**9))

    def answer(path: str) -> Answer | None:
        if path == "/robots.txt" or "sitemap" in path or path.endswith((".md", "feed", "wp-sitemap.xml")):
            return None
        return Answer(page(f"Page {next(counter)}", _TRAPS[name](path.partition("?")[0])))

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--max-pages", "100000", "--timeout", "120").completed()
        assert len(site.paths) < 2500
    assert not found.manifest["notes"]
    record_property(
        "figure", f"trap “{name}”: ended after {len(site.paths)} requests, {found.seconds:.1f} s of 120"
    )


def test_redirect_loops_end_and_are_reported(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/self", "/two", "/three-a", "/three-b", "/chain0")),
        "/self": Answer(status=302, headers={"Location": "/self"}),
        "/two": Answer(status=302, headers={"Location": "/two-b"}),
        "/two-b": Answer(status=302, headers={"Location": "/two"}),
        "/three-a": Answer(status=302, headers={"Location": "/three-b"}),
        "/three-b": Answer(status=302, headers={"Location": "/three-c"}),
        "/three-c": Answer(status=302, headers={"Location": "/three-a"}),
        **{
            f"/chain{number}": Answer(status=302, headers={"Location": f"/chain{number + 1}"})
            for number in range(25)
        },
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
        assert len(site.paths) < 60
        failures = {one["url"].removeprefix(site.url): one["code"] for one in found.manifest["failures"]}
    assert {"/self", "/two", "/chain0"} <= failures.keys()
    assert failures.keys() & {"/three-a", "/three-b"}
    assert set(failures.values()) == {"too_many_redirects"}


def test_as_many_redirects_as_browsers_follow_lead_to_the_page(tmp_path: Path) -> None:
    hops = {
        f"/hop{number}": Answer(status=302, headers={"Location": f"/hop{number + 1}"})
        for number in range(1, 20)
    }
    pages: dict[str, Answer | str] = {"/": page("Home", links("/hop1")), **hops, "/hop20": page("End")}
    with serving(pages) as site:
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/hop20"}
    assert found.manifest["failures"] == []


def test_site_that_sends_one_byte_per_second_costs_one_page(tmp_path: Path, record_property: Record) -> None:
    slow = Answer(page("Slow") * 3, drip=0.5)
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/slow", "/good")),
        "/slow": slow,
        "/good": page("Good"),
    }
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--timeout", "4").completed()
    assert found.urls(site.url) == {"/", "/good"}
    assert found.seconds < 60
    record_property(
        "figure", f"a body in drips: ended after {found.seconds:.1f} s, timeout 4 s, the rest kept"
    )


def test_slow_robots_txt_does_not_extend_the_timeout(tmp_path: Path) -> None:
    """robots.txt has half a megabyte of wildcards, and thousands of links must be checked against them."""
    rules = "".join(f"Disallow: /*a*b*c{number}*d*e$\n" for number in range(20_000))
    many = links(*(f"/abcabcabcabcabc/{number}" for number in range(4000)))

    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return Answer(f"User-agent: *\nDisallow: /forbidden\n{rules}", headers=TEXT)
        if path == "/" or path.startswith("/abc"):
            return Answer(page(path, links("/forbidden") + many))
        return None

    with serving(answer) as site:
        found = call(site.url, tmp_path, "--timeout", "4")
        assert "/forbidden" not in site.paths
    assert found.last["event"] in ("completed", "failed")
    assert found.seconds < 40
