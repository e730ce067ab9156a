"""Which addresses belong to the public internet."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
_IPV6_REFUSED = tuple(
    ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_IPV4_REFUSED = tuple(ipaddress.IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24"))


def is_public(address: Address) -> bool:
    """Tell whether ``address`` is a public unicast address, by an allow-list.

    ``ipaddress.is_global`` alone is not enough: it accepts NAT64, 6to4 and multicast.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _IPV6_PUBLIC and not any(address in net for net in _IPV6_REFUSED)
    if address.is_multicast or address.is_reserved or any(address in net for net in _IPV4_REFUSED):
        return False
    return address.is_global
