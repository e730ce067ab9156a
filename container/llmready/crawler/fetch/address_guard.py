"""The address guard: which URLs a crawl may request, and which addresses it may connect to.

:mod:`llmready.addresses` contains the rules. The guard adds blocked hosts and reports refusals as failures.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from llmready.addresses import AddressRefused, AddressRules
from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llmready.addresses import Address
    from llmready.crawler.urls import Url


class AddressGuard:
    """Checks each request before it is sent and when it connects.

    Args:
        allowed: Pairs of host and port that are permitted although the address is private or the port
            unusual. They are compared exactly with those of the URL.
        blocked: Hosts that are not crawled. Their subdomains are not crawled either.
    """

    def __init__(self, allowed: Iterable[tuple[str, int]] = (), blocked: Iterable[str] = ()) -> None:
        self._rules = AddressRules(allowed)
        self._blocked = frozenset(blocked)

    def check_url(self, url: Url) -> None:
        """Check a URL before it is requested. Raises: Failure (blocked_address, host_blocked)."""
        if self._blocked and self._is_blocked(url.host):
            raise Failure(Code.HOST_BLOCKED, f"{url.host} is blocked by the operator of this service.")
        with _as_failure(url.origin):
            self._rules.check_host(url.host, url.port, url.literal)

    def check_resolved(self, host: str, port: int, addresses: Iterable[Address]) -> None:
        """Check all addresses of a name. Raises: Failure (blocked_address) when one of them is not public."""
        with _as_failure(host):
            self._rules.check_resolved(host, port, addresses)

    def check_connect(self, address: Address, port: int) -> None:
        """Check an address at the moment of connecting. Raises: Failure (blocked_address)."""
        with _as_failure(str(address)):
            self._rules.check_connect(address, port)

    def is_allowed(self, host: str, port: int) -> bool:
        """Return whether the operator allowed this host and port."""
        return self._rules.is_allowed(host, port)

    def _is_blocked(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[start:]) in self._blocked for start in range(len(labels)))


@contextmanager
def _as_failure(origin: str) -> Iterator[None]:
    """Return a refusal as a failure of the crawl. The failure names `origin` if the port is the reason."""
    try:
        yield
    except AddressRefused as refused:
        detail = (
            f"{refused.host} is not a public internet address, so it is not crawled."
            if refused.port is None
            else f"Only the ports 80 and 443 are crawled; {origin} has another port."
        )
        raise Failure(Code.BLOCKED_ADDRESS, detail) from None
