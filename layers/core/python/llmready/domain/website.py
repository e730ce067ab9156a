"""Websites of users, and the checks of their URLs."""

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from llmready.addresses import is_public
from llmready.domain.clock import Moment
from llmready.domain.errors import Invalid
from llmready.domain.plans import Schedule

URL_LIMIT = 2048
PATTERN_LIMIT = 200
PATTERNS_LIMIT = 50
PATTERNS_BYTES = 10_000
"""Greatest size of both lists of patterns together, in bytes of UTF-8. Each change of a website writes them."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Names that never lead to the public internet (RFC 6761, RFC 6762, RFC 8375 and common private ones).
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "test",
                     "invalid", "example", "onion", "arpa", "localdomain", "alt", "svc")  # fmt: skip
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_HOST_AND_PORT = re.compile(r"^[^/?#@:]+:\d{1,5}(?:[/?#]|$)")
_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")


_IN_A_PATTERN = r"[^\x00-\x1f\x7f,]"
_PATTERN = rf"^{_IN_A_PATTERN}*[^\s\x00-\x1f\x7f,]{_IN_A_PATTERN}*$"
_UP_TO_ONE = rf"{_IN_A_PATTERN}{{0,{PATTERN_LIMIT}}}"
_PATTERN_LIST = rf"^{_UP_TO_ONE}(,{_UP_TO_ONE}){{0,{PATTERNS_LIMIT - 1}}}$"


def split_patterns(value: object) -> object:
    """Accept a comma-separated text where a list of patterns is expected.

    Raises:
        ValueError: There are too many patterns, or a pattern is too long or contains control characters.
    """
    if not isinstance(value, str):
        return value
    if not re.fullmatch(_PATTERN_LIST, value):
        raise ValueError(
            f"must contain at most {PATTERNS_LIMIT} patterns of at most {PATTERN_LIMIT} characters, without control "
            "characters"
        )
    return [part.strip() for part in value.split(",") if part.strip()]


LinkTarget = Literal["page", "markdown"]
"""Targets of the links in llms.txt: the website's pages, or the Markdown files at the website's root."""

Pattern = Annotated[str, Field(min_length=1, max_length=PATTERN_LIMIT, pattern=_PATTERN)]
Patterns = Annotated[
    list[Pattern],
    BeforeValidator(split_patterns),
    Field(max_length=PATTERNS_LIMIT),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "maxItems": PATTERNS_LIMIT,
                    "items": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": PATTERN_LIMIT,
                        "pattern": _PATTERN,
                        "examples": ["/docs/*"],
                    },
                },
                {"type": "string", "pattern": _PATTERN_LIST},
            ],
            "description": "Path globs or plain words, as a list or separated by commas. The include and exclude"
            f" patterns of a website have at most {PATTERNS_BYTES:,} bytes (UTF-8) together.",
        }
    ),
]


def refuse_large_patterns(
    include: Sequence[str], exclude: Sequence[str], *, stored: "CrawlRules | None" = None
) -> None:
    """Check the total size of include and exclude patterns.

    Args:
        include: The include patterns.
        exclude: The exclude patterns.
        stored: The website that has patterns already. Its patterns may exceed the limit, because earlier versions
            accepted more. They may be kept or reduced, but not increased.

    Raises:
        Invalid: The patterns are too large together.
    """
    largest = PATTERNS_BYTES
    if stored is not None:
        largest = max(largest, _bytes_of(stored.include_patterns, stored.exclude_patterns))
    size = _bytes_of(include, exclude)
    if size > largest:
        raise Invalid(
            "include_patterns",
            f"The include and exclude patterns have {size:,} bytes together; the limit is {PATTERNS_BYTES:,}. "
            "Use fewer or shorter patterns.",
        )


def _bytes_of(*lists: Sequence[str]) -> int:
    return sum(len(pattern.encode()) for patterns in lists for pattern in patterns)


LANGUAGES_LIMIT = 20
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
_LANGUAGE_LIST = rf"^({_LANGUAGE[1:-1]}(, ?{_LANGUAGE[1:-1]}){{0,{LANGUAGES_LIMIT - 1}}})?$"


def split_languages(value: object) -> object:
    """Accept a comma-separated text where a list of languages is expected.

    Raises:
        ValueError: The text is not a list of language codes.
    """
    if not isinstance(value, str):
        return value
    if not re.fullmatch(_LANGUAGE_LIST, value):
        raise ValueError(f"must contain at most {LANGUAGES_LIMIT} codes of languages, such as fr or pt-BR")
    return [part.strip() for part in value.split(",") if part.strip()]


Languages = Annotated[
    list[Annotated[str, Field(pattern=_LANGUAGE)]],
    BeforeValidator(split_languages),
    Field(max_length=LANGUAGES_LIMIT),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "maxItems": LANGUAGES_LIMIT,
                    "items": {"type": "string", "pattern": _LANGUAGE, "examples": ["fr", "pt-BR"]},
                },
                {"type": "string", "pattern": _LANGUAGE_LIST},
            ],
            "description": "Languages (BCP 47) that have sections in llms.txt, the main one first, as a list or"
            " separated by commas. Pages in other languages are listed in `Optional`. Empty: each language has a"
            " section.",
        }
    ),
]


class CrawlNeeds(BaseModel):
    """What a crawl needs of the task that runs it."""

    model_config = ConfigDict(frozen=True)

    use_playwright: bool = False


class CrawlRules(CrawlNeeds):
    """The crawl settings of a website, except the maximum number of pages.

    Attributes:
        timeout: Seconds.
        try_http: Whether http is used if https does not work, because the user named no scheme.
    """

    include_patterns: list[str] = []
    exclude_patterns: list[str] = []
    languages: list[str] = []
    link_target: LinkTarget = "page"
    timeout: int = 300
    try_http: bool = False


class CrawlSettings(CrawlRules):
    """How one generation crawls its website. ``max_pages`` is the maximum number of pages of the result."""

    max_pages: int = 100


class Website(CrawlRules):
    """A website of a user.

    Attributes:
        max_pages: None stands for the current limit of the user's plan.
        schedule: How often it is generated automatically. If the plan allows fewer runs, it is generated as often as
            the plan allows.
        schedule_failures: Failed scheduled runs in a row.
        failed_run_id: ID of the generation of the last of them.
    """

    max_pages: int | None = None
    id: str
    user_id: str
    url: str
    name: str
    description: str | None = None
    is_active: bool = True
    schedule: Schedule = Schedule.OFF
    schedule_failures: int = 0
    failed_run_id: str | None = None
    created_at: Moment
    updated_at: Moment
    last_generated_at: Moment | None = None
    active_generation_id: str | None = None
    generation_count: int = 0
    completed_count: int = 0
    failed_count: int = 0
    listed_completed: int = 0
    listed_failed: int = 0
    listed_cancelled: int = 0

    @property
    def listed_total(self) -> int:
        """Number of its ended generations in the history."""
        return self.listed_completed + self.listed_failed + self.listed_cancelled

    def changed(self, **changes: object) -> Self:
        """Return a copy with ``changes`` applied."""
        return self.model_copy(update=changes)


class Purge(BaseModel):
    """A deleted website with ``left`` generations whose records and files must still be removed."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    website_id: str
    left: int
    due_at: Moment


def left_by(website: Website, time: datetime) -> Purge | None:
    """Return the purge that a deleted website needs, or None if nothing is left to delete."""
    if not (left := website.listed_total):
        return None
    return Purge(user_id=website.user_id, website_id=website.id, left=left, due_at=time)


def public_url(text: str, *, allowed_hosts: frozenset[str] = frozenset()) -> str:
    """Return the URL of a public website in its normal form; ``example.com`` becomes ``https://example.com``.

    Args:
        text: The text that the user entered.
        allowed_hosts: ``host:port`` pairs that are accepted although they are not public.

    Raises:
        Invalid: It is not an http or https URL of a public host. The detail gives the reason.
    """
    parts = _split(text.strip())
    host = _host(parts)
    port = _port(parts)
    name = f"[{host}]" if ":" in host else host
    explicit = port if port is not None and port != _DEFAULT_PORTS[parts.scheme] else None
    if f"{name}:{port or _DEFAULT_PORTS[parts.scheme]}" not in allowed_hosts:
        _refuse_private(host)
        if explicit is not None and explicit not in _DEFAULT_PORTS.values():
            raise Invalid("url", "The URL must use the standard port, 80 or 443.")
    netloc = f"{name}:{explicit}" if explicit is not None else name
    path = quote(parts.path, safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?")
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def has_scheme(text: str) -> bool:
    """Return whether a URL names its scheme; ``example.com`` and ``example.com:443/docs`` do not.

    Args:
        text: The text that the user entered.
    """
    text = text.strip()
    return bool(_SCHEME.match(text)) and (not _HOST_AND_PORT.match(text) or "://" in text)


def canonical_url(url: str) -> str:
    """Return the canonical form of a URL: without scheme, ``www.`` and trailing slash.

    Args:
        url: A URL that :func:`public_url` returned.
    """
    parts = urlsplit(url)
    host = parts.netloc.removeprefix("www.")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


def _split(text: str) -> SplitResult:
    if not text:
        raise Invalid("url", "The URL is empty.")
    if len(text) > URL_LIMIT:
        raise Invalid("url", f"The URL is longer than {URL_LIMIT} characters.")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Zs"} for char in text) or "\\" in text:
        raise Invalid("url", "The URL contains spaces, backslashes or invisible characters.")
    if not has_scheme(text):
        text = "https:" + text if text.startswith("//") else "https://" + text
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Invalid("url", "This is not a valid URL.") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise Invalid("url", "The URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise Invalid("url", "The URL must not contain a user name or password.")
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        raise Invalid("url", "The port of the URL is not valid.") from None
    if port == 0:
        raise Invalid("url", "The port of the URL is not valid.")
    return port


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise Invalid("url", "The URL has no host name.")
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            raise Invalid("url", "The address in the URL is not valid.") from None
        if address.scope_id is not None:
            raise Invalid(
                "url",
                "The address in the URL has an IPv6 zone, which is valid on one machine only; remove the zone.",
            )
        return address.compressed
    try:
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise Invalid("url", "The host name of the URL is not valid.") from None
    ascii_host = ascii_host.lower()
    if len(ascii_host) > 253 or not all(_LABEL.match(label) for label in ascii_host.split(".")):
        raise Invalid("url", "The host name of the URL is not valid.")
    return ascii_host


def _refuse_private(host: str) -> None:
    refusal = Invalid("url", "The URL must be the address of a public website.", code="url_not_public")
    last = host.rsplit(".", 1)[-1]
    if ":" in host:
        if not is_public(ipaddress.IPv6Address(host)):
            raise refusal
    elif re.fullmatch(r"\d+|0x[0-9a-f]*", last):
        # A host that ends in a number is an IPv4 address (WHATWG URL Standard); only the dotted form is accepted.
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            raise refusal from None
        if not is_public(address):
            raise refusal
    elif "." not in host or last in _PRIVATE_SUFFIXES:
        raise refusal
