"""The address guard: which URLs may be requested, and which addresses may be connected to.

It is an allow-list, because attackers look for gaps in lists of forbidden ranges.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from llmready.crawler.failures import Code, Failure
from llmready.crawler.urls import Url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_V4_CLOSED = [ipaddress.IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24")]
_V6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_V6_CLOSED = [ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet.

    An IPv4-mapped IPv6 address is judged as the IPv4 address in it. Tunnels and translations (6to4, Teredo, NAT64,
    IPv4-compatible) are refused, because they lead to other addresses.
    """
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is not None:
            return is_public(mapped)
        return address in _V6_GLOBAL and not any(address in net for net in _V6_CLOSED)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in net for net in _V4_CLOSED)
    )


class AddressGuard:
    """Checks each request before it is sent and when it connects.

    Parameters: `allowed`, pairs of host and port that may be crawled although the address is private or the port
    unusual, compared exactly with those of the URL; `blocked`, hosts that are not crawled, each with its subdomains.
    """

    def __init__(self, allowed: Iterable[tuple[str, int]] = (), blocked: Iterable[str] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._blocked = frozenset(blocked)
        self._pinned: set[tuple[Address, int]] = set()

    def check_url(self, url: Url) -> None:
        """Check a URL before it is requested. Raises: Failure (blocked_address, host_blocked)."""
        if self._blocked and self._is_blocked(url.host):
            raise Failure(Code.HOST_BLOCKED, f"{url.host} is not crawled by this service.")
        if self.is_allowed(url.host, url.port):
            if url.literal is not None:
                self._pinned.add((url.literal, url.port))
            return
        if url.port not in (80, 443):
            raise Failure(
                Code.BLOCKED_ADDRESS,
                f"Only the ports 80 and 443 are crawled; {url.origin} names another one.",
            )
        if url.literal is not None and not is_public(url.literal):
            raise _not_public(url.host)

    def check_resolved(self, host: str, port: int, addresses: Iterable[Address]) -> None:
        """Check all addresses of a name. Raises: Failure (blocked_address) when one of them is not public."""
        allowed = self.is_allowed(host, port)
        for address in addresses:
            if allowed:
                self._pinned.add((address, port))
            elif not is_public(address):
                raise _not_public(host)

    def check_connect(self, address: Address, port: int) -> None:
        """Check an address at the moment of connecting. Raises: Failure (blocked_address)."""
        if not is_public(address) and (address, port) not in self._pinned:
            raise _not_public(str(address))

    def is_allowed(self, host: str, port: int) -> bool:
        """Tell whether the operator allowed this host and port."""
        return (host, port) in self._allowed

    def _is_blocked(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[start:]) in self._blocked for start in range(len(labels)))


def parse_allowed(text: str) -> list[tuple[str, int]]:
    """Read `LLMREADY_CRAWL_ALLOW`: host:port pairs, comma-separated.

    Raises: ValueError, with a plain sentence.
    """
    pairs = []
    for pair in filter(None, (part.strip() for part in text.split(","))):
        host, colon, port = pair.rpartition(":")
        if not colon or not host or not port.isdigit():
            raise ValueError(
                f"LLMREADY_CRAWL_ALLOW must hold pairs such as localhost:8080, separated by commas, not “{pair}”."
            )
        pairs.append((host.lower(), int(port)))
    return pairs


def _not_public(host: str) -> Failure:
    return Failure(Code.BLOCKED_ADDRESS, f"{host} is not a public internet address, so it is not crawled.")
