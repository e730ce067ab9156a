"""What operators set while the service runs, without a deploy: a pause, and hosts that are not crawled."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from llmready.domain.errors import Forbidden, Invalid, Paused
from llmready.domain.website import public_url

_MOST_HOSTS = 1000


class Controls(BaseModel):
    """The switches as they are now.

    Attributes:
        paused: Whether new starts are refused; running generations continue.
        blocked_hosts: Hosts that are not crawled, each with all below it, in lower-case ASCII and in order.
    """

    model_config = ConfigDict(frozen=True)

    paused: bool = False
    blocked_hosts: tuple[str, ...] = ()

    def blocks(self, url: str) -> bool:
        """Tell whether a URL's host, or one above it, is blocked."""
        host = (urlsplit(url).hostname or "").rstrip(".")
        return any(host == blocked or host.endswith(f".{blocked}") for blocked in self.blocked_hosts)

    def check_start(self, url: str) -> None:
        """Refuse a start that may not be made now.

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
        """Return them with the pause on or off."""
        return self.model_copy(update={"paused": paused})

    def with_host(self, host: str, *, blocked: bool) -> "Controls":
        """Return them with a host blocked or not.

        Raises:
            Invalid: It is no host, or there are too many.
        """
        name = host_name(host)
        hosts = set(self.blocked_hosts) - {name} | ({name} if blocked else set())
        if len(hosts) > _MOST_HOSTS:
            raise Invalid("host", f"More than {_MOST_HOSTS} hosts cannot be blocked.")
        return self.model_copy(update={"blocked_hosts": tuple(sorted(hosts))})


def host_name(text: str) -> str:
    """Return a host as it is compared; a whole URL is taken too.

    Raises:
        Invalid: It is no public host.
    """
    try:
        return str(urlsplit(public_url(text)).hostname)
    except Invalid:
        raise Invalid(
            "host", f"{text!r} is not a public host name; use a name such as example.com."
        ) from None
