"""Rules for the network addresses to which connections are allowed. The crawler and the notifier share them.

The rules are an allow-list, because a list of forbidden ranges could have gaps. The crawler uses this module,
too. It therefore imports only the standard library.
"""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_V4_CLOSED = tuple(ipaddress.IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24"))
_V6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_V6_CLOSED = tuple(
    ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_PORTS = (80, 443)


class AddressRefused(Exception):
    """Connections to an address or a port are not allowed.

    Args:
        host: Host or address that was refused.
        port: The refused port; None if the address itself is not public.
    """

    def __init__(self, host: str, port: int | None = None) -> None:
        super().__init__(host if port is None else f"{host}:{port}")
        self.host = host
        self.port = port


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet.

    An IPv4-mapped IPv6 address is judged as the IPv4 address in it. Tunnels and translations (6to4, Teredo,
    NAT64, IPv4-compatible) are refused, because they lead to other addresses. ``ipaddress.is_global`` would
    accept some of them. An address with a zone (``%eth0``) is refused, because the zone is an interface of
    one machine.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
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


class AddressRules:
    """Check hosts before a request, and addresses before connecting.

    Names are resolved once: callers connect to the addresses that were checked, not to the name.

    Args:
        allowed: Pairs of host and port that may be used although the address is private or the port unusual. They
            are compared exactly with those of the URL.
    """

    def __init__(self, allowed: Iterable[tuple[str, int]] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._pinned: set[tuple[Address, int]] = set()

    def check_host(self, host: str, port: int, literal: Address | None) -> None:
        """Check the host and port of a URL before it is requested.

        Args:
            host: Host as the URL names it.
            port: Port of the URL.
            literal: The address, if the host is one.

        Raises:
            AddressRefused: The port is not 80 or 443, or the address is not public.
        """
        if self.is_allowed(host, port):
            if literal is not None:
                self._pinned.add((literal, port))
            return
        if port not in _PORTS:
            raise AddressRefused(host, port)
        if literal is not None and not is_public(literal):
            raise AddressRefused(host)

    def check_resolved(self, host: str, port: int, addresses: Iterable[Address]) -> None:
        """Check all addresses of a name.

        Raises:
            AddressRefused: One of them is not public.
        """
        allowed = self.is_allowed(host, port)
        for address in addresses:
            if allowed:
                self._pinned.add((address, port))
            elif not is_public(address):
                raise AddressRefused(host)

    def check_connect(self, address: Address, port: int) -> None:
        """Check an address at the moment of connecting.

        Raises:
            AddressRefused: It is neither public nor an address of an allowed host and port.
        """
        if not is_public(address) and (address, port) not in self._pinned:
            raise AddressRefused(str(address))

    def is_allowed(self, host: str, port: int) -> bool:
        """Return whether the operator allowed this host and port."""
        return (host, port) in self._allowed


def parse_allowed(text: str) -> list[tuple[str, int]]:
    """Read ``LLMREADY_CRAWL_ALLOW``: host:port pairs, separated by commas.

    Raises:
        ValueError: A part is not such a pair. The message is a sentence for the operator.
    """
    pairs = []
    for pair in filter(None, (part.strip() for part in text.split(","))):
        host, colon, port = pair.rpartition(":")
        if not colon or not host or not (port.isascii() and port.isdecimal()):
            raise ValueError(
                f"LLMREADY_CRAWL_ALLOW must contain pairs such as localhost:8080, separated by commas, not “{pair}”."
            )
        pairs.append((host.lower(), int(port)))
    return pairs
