"""Settings that operators change without a deploy: a pause, and blocked hosts."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from llmready.domain.errors import Forbidden, Invalid, Paused
from llmready.domain.website import public_url

_MOST_HOSTS = 1000


class Controls(BaseModel):
    """The current controls.

    Attributes:
        paused: Whether new starts are refused; running generations continue.
        blocked_hosts: Hosts that are not crawled, including their subdomains, in lower-case ASCII, sorted.
    """

    model_config = ConfigDict(frozen=True)

    paused: bool = False
    blocked_hosts: tuple[str, ...] = ()

    def blocks(self, url: str) -> bool:
        """Return whether a URL's host, or one above it, is blocked."""
        host = (urlsplit(url).hostname or "").rstrip(".")
        return any(host == blocked or host.endswith(f".{blocked}") for blocked in self.blocked_hosts)

    def check_start(self, url: str) -> None:
        """Check that a generation may start now.

        Raises:
            Paused: No generation starts at the moment.
            Forbidden: This website's host is blocked.
        """
        if self.paused:
            raise Paused
        if self.blocks(url):
            raise Forbidden(
                "host_blocked", "The operator of this service does not allow crawls of this host."
            )

    def with_pause(self, *, paused: bool) -> "Controls":
        """Return the controls with the pause turned on or off."""
        return self.model_copy(update={"paused": paused})

    def with_host(self, host: str, *, blocked: bool) -> "Controls":
        """Return the controls with a host blocked or unblocked.

        Raises:
            Invalid: The host is not valid, or too many hosts are blocked.
        """
        name = host_name(host)
        hosts = set(self.blocked_hosts) - {name} | ({name} if blocked else set())
        if len(hosts) > _MOST_HOSTS:
            raise Invalid("host", f"At most {_MOST_HOSTS} hosts can be blocked. Unblock another host first.")
        return self.model_copy(update={"blocked_hosts": tuple(sorted(hosts))})


def host_name(text: str) -> str:
    """Return the normalised form of a host, which may be given as a URL.

    Raises:
        Invalid: It is not a public host.
    """
    try:
        return str(urlsplit(public_url(text)).hostname)
    except Invalid:
        raise Invalid(
            "host", f"{text!r} is not a public host name; use a name such as example.com."
        ) from None
