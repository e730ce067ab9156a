"""Parse and resolve URLs as the WHATWG URL standard does, into one canonical form per page."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

MAX_LENGTH = 2000
"""Characters of a URL; longer ones are traps or mistakes, not pages."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PATH = re.compile(r"[/\\](?![/\\])")
_WITHOUT_PATH = re.compile(r"(?:https?:)?(?:[?#]|\Z)", re.IGNORECASE)
_REMOVED = re.compile(r"[\t\n\r]")
_EDGES = "".join(map(chr, range(0x21)))
_BEFORE_NO_PATH = frozenset(("", "?", "#", "h", "H", *_EDGES))
_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*")
_ODD_IN_PATH = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9\-._~!$()*+,;=:@/?&]*")
_ODD_IN_QUERY = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$()*+,;=:@/?&]")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid"
    r"|_ga|_gl|_hsenc|_hsmi|mkt_tok|phpsessid|jsessionid|sessionid)",
    re.IGNORECASE,
)
_PAGE_IN_PATH = re.compile(r"/(?:page|p|seite)[/-]?\d{1,6}/?$", re.IGNORECASE)
_PAGE_IN_QUERY = re.compile(
    r"(?:^|&)(?:page|paged|pg|p|start|offset|from|skip|cursor|seite)=[^&]", re.IGNORECASE
)


class BadUrl(ValueError):
    """The text is not an http(s) URL that may be crawled. The message is a sentence for a user."""


class Url(NamedTuple):
    """An absolute http(s) URL in canonical form: no fragment, no userinfo, no default port, no tracking."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def target(self) -> str:
        """Path and query, as in a request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def literal(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The IP address, where the host is one, else None."""
        return _literal(self.host)

    @property
    def directory(self) -> str:
        """The path up to its last slash."""
        return self.path[: self.path.rfind("/") + 1]

    @property
    def folder(self) -> Url:
        """The URL of the folder that holds the page."""
        return Url(self.scheme, self.host, self.port, self.directory, "")

    @property
    def key(self) -> str:
        """The part that distinguishes two pages of one site.

        Slashes at the end, index files and the order of parameters are ignored.
        """
        return _key(self.path, self.query)


def parse(text: str) -> Url:
    """Return an absolute URL in canonical form.

    Args:
        text: URL as a person or a page wrote it.

    Raises:
        BadUrl: The text is not a URL that may be crawled.
    """
    text = _clean(text)
    match = _SCHEME.match(text)
    if match is None:
        raise _without_scheme(text)
    return _absolute(match[1].lower(), text[match.end() :])


def _without_scheme(text: str) -> BadUrl:
    return BadUrl(f"“{text[:100]}” is not a web address; it should begin with https://.")


def has_scheme(text: str) -> bool:
    """Return whether a URL that a person typed names its scheme; `example.com:8080` does not."""
    return "://" in text or bool(re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:(?!\d+(?:/|$))", _clean(text)))


def parse_typed(text: str) -> Url:
    """Return the URL that a person typed: `example.com` means `https://example.com/`. Raises: BadUrl."""
    text = _clean(text)
    if not text:
        raise BadUrl("The web address is empty.")
    if _PATH.match(text):
        raise _without_scheme(text)
    if not has_scheme(text):
        text = f"https://{text}"
    return parse(text)


def join(base: Url, href: str) -> Url | None:
    """Resolve a link of a page.

    Args:
        base: URL of the page or its `<base href>`.
        href: The link as written.

    Returns:
        The canonical URL, or None if it is not an http(s) URL that may be crawled.
    """
    # All pages of a folder resolve almost all links alike, so they share the entries of the cache.
    return _join(base if keeps_path(href) else base.folder, href)


def keeps_path(href: str) -> bool:
    """Return whether a link leads to the path of its page, perhaps with another query, such as `?page=2`."""
    # Nearly all links can be told by how they begin.
    if href[:1] not in _BEFORE_NO_PATH or href.startswith(("https://", "http://")):
        return False
    return _WITHOUT_PATH.match(_clean(href)) is not None


@lru_cache(maxsize=1024)
def _join(base: Url, href: str) -> Url | None:
    text = _clean(href)
    match = _SCHEME.match(text)
    try:
        if match is None:
            return _relative(base, text)
        scheme, rest = match[1].lower(), text[match.end() :]
        # The standard requires both slashes of `https://` only if the scheme is not that of the page.
        if rest.startswith("//") or scheme != base.scheme:
            return _absolute(scheme, rest)
        return _relative(base, rest)
    except BadUrl:
        return None


@lru_cache(maxsize=256)
def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if host.startswith("["):
        return ipaddress.IPv6Address(host[1:-1])
    return ipaddress.IPv4Address(host) if host[-1].isdigit() else None


@lru_cache(maxsize=16384)
def _key(path: str, query: str) -> str:
    path = "/".join(part for part in _INDEX.sub("/", path).split("/") if part)
    return f"/{path}?{'&'.join(sorted(query.split('&')))}" if query else f"/{path}"


def continues(url: Url, first: Url) -> bool:
    """Return whether a URL is a further page of a list whose first page is another URL (`?page=2`, `/page/2/`)."""
    root = _PAGE_IN_PATH.sub("/", url.path)
    if root != url.path and _key(root, "") == _key(first.path, ""):
        return True
    same = _key(url.path, "") == _key(first.path, "")
    return same and bool(_PAGE_IN_QUERY.search(url.query)) and not _PAGE_IN_QUERY.search(first.query)


def _clean(text: str) -> str:
    return _REMOVED.sub("", text.strip(_EDGES))


def _absolute(scheme: str, rest: str) -> Url:
    if scheme not in DEFAULT_PORTS:
        raise BadUrl(f"Only http and https addresses can be crawled, not “{scheme[:20]}:”.")
    rest = rest.partition("#")[0].replace("\\", "/").lstrip("/")
    cut = len(rest)
    for mark in "/?":
        found = rest.find(mark)
        if found != -1:
            cut = min(cut, found)
    host, port = _authority(rest[:cut], scheme)
    path, _, query = rest[cut:].partition("?")
    return _checked(scheme, host, port, path or "/", query)


def _relative(base: Url, text: str) -> Url:
    text = text.partition("#")[0]
    path, mark, query = text.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("//"):
        return _absolute(base.scheme, f"{path}{mark}{query}")
    if not path:
        return _checked(base.scheme, base.host, base.port, base.path, query if mark else base.query)
    if not path.startswith("/"):
        path = base.directory + path
    return _checked(base.scheme, base.host, base.port, path, query)


def _checked(scheme: str, host: str, port: int, path: str, query: str) -> Url:
    if len(path) + len(query) > MAX_LENGTH:
        raise BadUrl(f"The web address is longer than {MAX_LENGTH} characters.")
    url = Url(scheme, host, port, _path(path), _query(query))
    if len(url.path) + len(url.query) > MAX_LENGTH:
        raise BadUrl(f"The web address is longer than {MAX_LENGTH} characters.")
    return url


def _path(path: str) -> str:
    if not _PLAIN_PATH.fullmatch(path):
        path = _ODD_IN_PATH.sub(_encoded, path)
    if ";" in path:
        path = _SESSION.sub("", path)
    return _without_dots(path) if "/." in path else path


def _query(query: str) -> str:
    if not query:
        return ""
    if not _PLAIN_QUERY.fullmatch(query):
        query = _ODD_IN_QUERY.sub(_encoded, query)
    return "&".join(
        part for part in query.split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0])
    )


def _encoded(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == 3:
        plain = chr(int(text[1:], 16))
        return plain if _UNRESERVED.fullmatch(plain) else text.upper()
    return quote(text, safe="", errors="replace")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            if kept:
                kept.pop()
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


@lru_cache(maxsize=1024)
def _authority(text: str, scheme: str) -> tuple[str, int]:
    if "@" in text:
        raise BadUrl("A web address with a user name or password in it cannot be crawled.")
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host, (colon, port) = host + bracket, (rest[:1], rest[1:])
        if not bracket or colon not in ("", ":"):
            raise BadUrl(f"“{text[:100]}” is not a valid host name.")
    else:
        host, _, port = text.partition(":")
    return _host(host), _port(port, scheme)


def _port(text: str, scheme: str) -> int:
    if not text:
        return DEFAULT_PORTS[scheme]
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadUrl(f"“{text[:20]}” is not a valid port.")
    return int(text)


def _host(text: str) -> str:
    if not text:
        raise BadUrl("The web address has no host name.")
    if text.startswith("["):
        try:
            address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise BadUrl(f"“{text[:100]}” is not a valid IPv6 address.") from None
        if address.scope_id is not None:
            raise BadUrl(
                f"“{text[:100]}” has an IPv6 zone, which is valid on one machine only; remove the zone."
            )
        return f"[{address}]"
    host = _ascii_host(text).removesuffix(".")
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        # Only the dotted form of four numbers, because 127.1, 0x7f.1 and 2130706433 would evade address checks.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise BadUrl(f"“{text[:100]}” is not a valid host name.") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadUrl(f"“{text[:100]}” is not a valid host name.")
    return host


def _ascii_host(text: str) -> str:
    if text.isascii():
        return text.lower()
    import idna  # noqa: PLC0415 - few links need its large tables

    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise BadUrl(f"“{text[:100]}” is not a valid host name.") from None
