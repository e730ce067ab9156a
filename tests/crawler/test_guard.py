"""The address guard allows only the public internet, for each kind of request."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from llmready.addresses import Address, is_public, parse_allowed
from llmready.crawler.engine.site import open_site
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.client import HttpClient
from llmready.crawler.fetch.resolver import GuardedResolver, guarded_connector
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.serving import Answer, page, serving

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450:4001:82a::200e",
    "::ffff:8.8.8.8",
]
CLOSED = [
    "0.0.0.0",  # noqa: S104 - to connect to, not to bind
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::a9fe:a9fe",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "4000::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", CLOSED)
def test_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_never_wider_than_the_standard_library(address: Address) -> None:
    if is_public(address):
        assert address.is_global or getattr(address, "ipv4_mapped", None)
        assert not address.is_private or getattr(address, "ipv4_mapped", None)


@given(st.ip_addresses(v=4))
def test_mapped_ipv6_address_is_judged_by_its_ipv4_address(address: ipaddress.IPv4Address) -> None:
    assert is_public(ipaddress.IPv6Address(f"::ffff:{address}")) == is_public(address)


@pytest.mark.parametrize("address", CLOSED)
def test_name_that_resolves_to_an_internal_address_is_refused(address: str) -> None:
    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address("93.184.216.34"), ipaddress.ip_address(address)]

    resolver = GuardedResolver(AddressGuard(), look_up)
    with pytest.raises(Failure) as caught:
        asyncio.run(resolver.resolve("rebind.example.com", 80))
    assert caught.value.code == Code.BLOCKED_ADDRESS


class _Unchecked(AbstractResolver):
    """A resolver without the guard, so that only the check of the socket remains."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        assert family == socket.AF_UNSPEC
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        pass


def test_connected_address_is_checked_again() -> None:
    async def ask(url: str) -> None:
        connector = guarded_connector(AddressGuard(), 4, _Unchecked())
        async with aiohttp.ClientSession(connector=connector) as session, session.get(url):
            pass

    with serving({"/": page("Inside")}) as site:
        for host in ("inside.example.com", "127.0.0.1"):
            with pytest.raises(Failure) as caught:
                asyncio.run(ask(f"http://{host}:{site.port}/"))
            assert caught.value.code == Code.BLOCKED_ADDRESS
        assert site.connections == 0


def test_dns_rebinding_never_reaches_internal_addresses() -> None:
    """If a name resolves alternately to a public and a private address, the private address gets no connection."""
    chance = random.Random(7)

    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address(chance.choice(["127.0.0.1", "192.0.2.1", "10.0.0.1"]))]

    async def ask(port: int) -> int:
        guard = AddressGuard([("allowed.example.com", port)])
        refused = 0
        async with HttpClient(guard, "test", Limits(), GuardedResolver(guard, look_up)) as fetcher:
            for _ in range(200):
                try:
                    await fetcher.get(parse("http://rebind.example.com/"))
                except Failure as failure:
                    refused += failure.code == Code.BLOCKED_ADDRESS
        return refused

    with serving({"/": page("Inside")}) as site:
        assert asyncio.run(ask(site.port)) == 200
        assert site.connections == 0


def test_other_names_and_ports_of_an_allowed_address_are_refused() -> None:
    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address("127.0.0.1")]

    async def ask(port: int) -> None:
        guard = AddressGuard([("allowed.test", port)])
        async with HttpClient(guard, "test", Limits(), GuardedResolver(guard, look_up)) as fetcher:
            assert (await fetcher.get(parse(f"http://allowed.test:{port}/"))).status == 200
            for other in (f"http://other.test:{port}/", f"http://127.0.0.1:{port}/", "http://allowed.test/"):
                with pytest.raises(Failure) as caught:
                    await fetcher.get(parse(other))
                assert caught.value.code == Code.BLOCKED_ADDRESS

    with serving({"/": page("Allowed")}) as site:
        asyncio.run(ask(site.port))
        assert site.connections == 1


def _opened(port: int, hosts: list[str], start: str, *, try_http: bool = False) -> tuple[str, object]:
    async def look_up(_: str) -> list[Address]:
        return [ipaddress.ip_address("127.0.0.1")]

    async def open_it() -> tuple[str, object]:
        guard = AddressGuard([(host, port) for host in hosts])
        async with HttpClient(guard, "test", Limits(), GuardedResolver(guard, look_up)) as fetcher:
            opened = await open_site(fetcher, parse(start), try_http=try_http)
            return str(opened.start), opened.response

    return asyncio.run(open_it())


def test_http_is_used_only_for_addresses_without_a_scheme_and_only_without_https() -> None:
    with serving({"/": page("Plain")}) as site:
        https = f"https://acme.test:{site.port}/"
        with pytest.raises(Failure) as caught:
            _opened(site.port, ["acme.test"], https)
        assert caught.value.code == Code.BAD_CERTIFICATE
        start, response = _opened(site.port, ["acme.test"], https, try_http=True)
        assert start == f"http://acme.test:{site.port}/"
        assert not isinstance(response, Failure)
    # No server listens there any more, so the failure over https is reported.
    with pytest.raises(Failure) as caught:
        _opened(site.port, ["acme.test"], https, try_http=True)
    assert caught.value.code == Code.CONNECTION_FAILED
    assert "https://" in caught.value.detail


def test_a_redirect_between_apex_and_www_becomes_the_site() -> None:
    hosts = ["acme.test", "www.acme.test", "docs.acme.test", "evil.test"]
    target: list[str] = []

    def answer(path: str) -> Answer | None:
        if path == "/":
            return Answer(status=301, headers={"Location": target[0]})
        return Answer(page("Home")) if path == "/home" else None

    with serving(answer) as site:
        for host, becomes in [
            ("acme.test", "www.acme.test"),
            ("www.acme.test", "acme.test"),
            ("www.acme.test", "docs.acme.test"),
        ]:
            target[:] = [f"http://{becomes}:{site.port}/home"]
            start, response = _opened(site.port, hosts, f"http://{host}:{site.port}/")
            assert start == target[0]
            assert not isinstance(response, Failure)
        target[:] = [f"http://evil.test:{site.port}/home"]
        with pytest.raises(Failure) as caught:
            _opened(site.port, hosts, f"http://acme.test:{site.port}/")
        assert caught.value.code == Code.REDIRECTS_ELSEWHERE
        assert "http://evil.test" in caught.value.detail


def test_robots_are_obeyed_at_each_origin_of_a_redirect() -> None:
    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return Answer("User-agent: *\nDisallow: /home", headers={"Content-Type": "text/plain"})
        return Answer(status=301, headers={"Location": f"http://www.acme.test:{port[0]}/home"})

    port: list[int] = []
    with serving(answer) as site:
        port.append(site.port)
        _, response = _opened(site.port, ["acme.test", "www.acme.test"], f"http://acme.test:{site.port}/")
        assert isinstance(response, Failure)
        assert response.code == Code.ROBOTS_DISALLOWED
        assert site.paths == ["/robots.txt", "/", "/robots.txt"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        (" localhost:8000 , 127.0.0.1:80,", [("localhost", 8000), ("127.0.0.1", 80)]),
        ("[::1]:8000", [("[::1]", 8000)]),
    ],
)
def test_allowed_pairs(text: str, pairs: list[tuple[str, int]]) -> None:
    assert parse_allowed(text) == pairs
