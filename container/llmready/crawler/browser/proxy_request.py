"""The heads of requests that the browser sends to the proxy."""

from __future__ import annotations

from dataclasses import dataclass

from llmready.crawler.urls import Url, parse

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the browser.

    Attributes:
        head: Head to send to the site.
        length: Length of the body, in bytes.
        tunnel: Whether it is a CONNECT request.
    """

    url: Url
    tunnel: bool
    head: bytes = b""
    length: int = 0


def read_head(data: bytes) -> Request:
    """Parse the head of a request. Raises: ValueError (also BadUrl) when it is not allowed."""
    lines = data.decode("latin-1").split("\r\n")
    method, target, version = lines[0].split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("the request is not an HTTP/1 request")
    if method == "CONNECT":
        if "/" in target or "\\" in target:
            raise ValueError("CONNECT requires a host and a port")
        return Request(parse(f"https://{target}/"), tunnel=True)
    if not target.lower().startswith("http://"):
        raise ValueError("only http requests may contain an absolute URL")
    url = parse(target)
    headers = [line.partition(":")[::2] for line in lines[1:] if line]
    kept = [f"{name}: {value.strip()}" for name, value in headers if name.lower() not in _HOP_BY_HOP]
    lengths = [value.strip() for name, value in headers if name.lower() == "content-length"]
    if any(name.lower() == "transfer-encoding" for name, _ in headers) or len(lengths) > 1:
        raise ValueError("the length of the body is unknown")
    if lengths and not (lengths[0].isascii() and lengths[0].isdecimal()):
        raise ValueError("the length of the body is not a number")
    # The canonical URL is checked. The site gets the target as the page wrote it, because its query may differ.
    path = target[7:]
    path = path[min([cut for cut in (path.find("/"), path.find("?")) if cut >= 0] or [len(path)]) :]
    head = [
        f"{method} {path if path.startswith('/') else f'/{path}'} HTTP/1.1",
        f"Host: {url.origin.partition('://')[2]}",
        *kept,
        "Connection: close",
    ]
    return Request(
        url,
        tunnel=False,
        head=("\r\n".join(head) + "\r\n\r\n").encode("latin-1"),
        length=int(lengths[0]) if lengths else 0,
    )
