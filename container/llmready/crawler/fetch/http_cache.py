"""The HTTP cache: responses of earlier crawls, revalidated before use (RFC 9110, section 13; RFC 9111).

Two files may be read. `previous` holds the responses of the last crawl of the same site. Each is revalidated.
`shared` contains publicly cacheable responses of other crawls. While they are fresh, they are used without a request.

A file begins with the bodies of the responses, each compressed with Zstandard. Then the compressed index
(JSON) and its position follow. A damaged file counts as empty.
"""

from __future__ import annotations

import json
import logging
import re
import struct
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from multidict import CIMultiDict

from llmready.bounded_json import parse_json, parsing_memory
from llmready.crawler.fetch.response import Response, all_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from llmready.crawler.urls import Url

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_FILE = 64_000_000
MAX_BODY = 10_000_000
MAX_INDEX = 32_000_000
INDEX_MEMORY = 128_000_000
"""Bytes of memory for parsing an index. 1,000 responses need 7 MB, or 27 MB if they have the longest URLs."""
LONGEST_FRESH = 86_400
"""Seconds after which a shared response is revalidated, whatever lifetime the site names."""

_CLOCK_DIFFERENCE = 300  # seconds by which the clocks of two tasks may differ

_FOOT = struct.Struct(">4sQQ")
_MAGIC = b"LRA1"
_KEPT_HEADERS = ("Content-Type", "X-Robots-Tag", "Link", "Refresh", "Date")
_TAKEN_OVER = ("X-Robots-Tag", "Cache-Control", "Expires", "Date", "Age", "ETag", "Last-Modified", "Vary")
_AGE = re.compile(r"(?:^|,)\s*(s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_FORBIDDEN = re.compile(r"(?:^|,)\s*(?:no-store|no-cache|private|must-revalidate)\b", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response in a cache file: its validators, its freshness, and the place of its body.

    `fresh_until` is in seconds since 1970, or 0 if the response must be revalidated. `start`, `length` and `size` are
    bytes.
    """

    url: str
    accept: str
    etag: str
    modified: str
    headers: dict[str, str]
    fresh_until: float
    start: int
    length: int
    size: int


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A cached response with its body. `fresh` says whether it may be used without a request."""

    url: Url
    cached: CachedResponse
    body: bytes
    fresh: bool

    @property
    def condition(self) -> dict[str, str]:
        """The headers of a conditional request."""
        pairs = (("If-None-Match", self.cached.etag), ("If-Modified-Since", self.cached.modified))
        return {name: value for name, value in pairs if value}

    def response(self, confirmed_by: Response | None = None) -> Response:
        """Return the response, with headers updated from the 304 that confirmed it."""
        headers = CIMultiDict(self.cached.headers)
        if self.cached.etag:
            headers["ETag"] = self.cached.etag
        if self.cached.modified:
            headers["Last-Modified"] = self.cached.modified
        said = confirmed_by.headers if confirmed_by is not None else {}
        for name in _TAKEN_OVER:
            if text := all_values(said, name):
                headers[name] = text
        return Response(self.url, 200, headers, self.body, first_sent=self.cached.headers.get("Date", ""))

    def compared(self, response: Response) -> Response:
        """Return a full response, marked with the earlier date if it repeats the cached response."""
        modified = response.headers.get("Last-Modified", "")
        if modified != self.cached.modified or response.body != self.body:
            return response
        return replace(response, first_sent=self.cached.headers.get("Date", ""))


class CacheFile:
    """Reads a cache file. A file that is missing or damaged counts as empty."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO | None = None
        self.index: dict[tuple[str, str], CachedResponse] = {}
        try:
            self._file = path.open("rb")
            self._read_index(path.stat().st_size)
        except (OSError, ValueError, TypeError, KeyError, zstd.ZstdError) as error:
            _log.warning("the HTTP cache in %s cannot be read: %s", path, error)
            self.index = {}

    def body(self, cached: CachedResponse) -> bytes:
        """Return the body of a response. Raises: ValueError when the file is damaged."""
        if self._file is None:
            raise ValueError("the file does not exist")
        self._file.seek(cached.start)
        return _unpacked(self._file.read(min(cached.length, MAX_BODY)), cached.size)

    def packed(self, cached: CachedResponse) -> bytes:
        """Return the compressed body of a response."""
        if self._file is None:
            return b""
        self._file.seek(cached.start)
        return self._file.read(min(cached.length, MAX_BODY))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _read_index(self, size: int) -> None:
        if self._file is None or size > MAX_FILE + MAX_INDEX:
            raise ValueError("it is too large")
        self._file.seek(size - _FOOT.size)
        magic, start, length = _FOOT.unpack(self._file.read(_FOOT.size))
        if magic != _MAGIC or start + length + _FOOT.size != size:
            raise ValueError("it is not an HTTP cache")
        self._file.seek(start)
        bodies = 0
        for entry in parse_json(_unpacked(self._file.read(length), MAX_INDEX), memory=INDEX_MEMORY):
            cached = _checked(entry, start)
            bodies += cached.length
            self.index[cached.url, cached.accept] = cached
        if bodies > start:
            raise ValueError("entries of its index share bodies")


class CacheWriter:
    """Writes a cache file, which is overwritten. A context manager that completes the file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._end = 0
        self._index: dict[tuple[str, str], CachedResponse] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self._file):
            index = zstd.compress(_written([asdict(cached) for cached in self._index.values()]), 3)
            self._file.write(index + _FOOT.pack(_MAGIC, self._end, len(index)))

    def add(self, response: Response, accept: str, fresh_until: float) -> None:
        """Add a response, unless it is already there or the file is full."""
        key = (str(response.url), accept)
        if key in self._index or len(response.body) > MAX_BODY:
            return
        headers = {name: all_values(response.headers, name)[:1000] for name in _KEPT_HEADERS}
        headers["Date"] = response.first_sent or headers["Date"]
        cached = CachedResponse(
            url=key[0],
            accept=accept,
            etag=response.headers.get("ETag", "")[:500],
            modified=response.headers.get("Last-Modified", "")[:100],
            headers={name: value for name, value in headers.items() if value},
            fresh_until=fresh_until,
            start=self._end,
            length=0,
            size=len(response.body),
        )
        self.copy(cached, zstd.compress(response.body, 1))

    def copy(self, cached: CachedResponse, packed: bytes) -> None:
        """Add a response whose body is already compressed."""
        key = (cached.url, cached.accept)
        if key in self._index or self._end + len(packed) > MAX_FILE:
            return
        self._file.write(packed)
        self._index[key] = CachedResponse(**{**asdict(cached), "start": self._end, "length": len(packed)})
        self._end += len(packed)


class HttpCache:
    """Responses of earlier crawls, and responses of this crawl for the next crawl. A context manager.

    Args:
        previous: File with responses of the website's previous crawl, or None.
        shared: File with shared responses of earlier crawls, or None.
        keep: File to write for the website's next crawl, or None.
        share: File to write with the responses that other crawls may use, or None.
    """

    def __init__(
        self,
        previous: Path | None = None,
        shared: Path | None = None,
        keep: Path | None = None,
        share: Path | None = None,
    ) -> None:
        self._previous = CacheFile(previous) if previous is not None else None
        self._shared = CacheFile(shared) if shared is not None else None
        self._keep = CacheWriter(keep) if keep is not None else None
        self._share = CacheWriter(share) if share is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._carry_over()
        for file in (self._previous, self._shared):
            if file is not None:
                file.close()
        for writer in (self._keep, self._share):
            if writer is not None:
                writer.__exit__()

    def find(self, url: Url, accept: str) -> CacheHit | None:
        """Return the cached response to a request, or None. Fresh responses are preferred."""
        key = (str(url), accept)
        for file, fresh in ((self._shared, True), (self._previous, False), (self._shared, False)):
            cached = file.index.get(key) if file is not None else None
            if cached is None or file is None:
                continue
            if (cached.fresh_until > time.time()) if fresh else (cached.etag or cached.modified):
                try:
                    return CacheHit(url, cached, file.body(cached), fresh=fresh)
                except (OSError, ValueError) as error:
                    _log.warning("a cached response cannot be read: %s", error)
        return None

    def keep(self, response: Response, accept: str) -> None:
        """Store a response for the next crawl, and for other crawls if it is publicly cacheable."""
        if response.status != 200 or not response.body or not response.complete:
            return
        if self._keep is not None and ("ETag" in response.headers or "Last-Modified" in response.headers):
            self._keep.add(response, accept, 0)
        if self._share is None or response.personal:
            return
        if fresh := fresh_seconds(response.headers):
            self._share.add(response, accept, time.time() + fresh)

    def _carry_over(self) -> None:
        """Keep fresh responses of other crawls for URLs that this crawl did not fetch."""
        if self._share is None or self._shared is None:
            return
        for cached in self._shared.index.values():
            if cached.fresh_until > time.time():
                self._share.copy(cached, self._shared.packed(cached))


def fresh_seconds(headers: Mapping[str, str]) -> float:
    """Return for how many seconds a shared cache may store a response (RFC 9111), or 0 if it must not.

    The response needs explicit freshness and must not be specific to one visitor. It must have no
    `Set-Cookie`, and `Vary` may name only headers that all requests of the crawler share.
    """
    # A server may send several lines of a header. Each of them counts.
    control = all_values(headers, "Cache-Control")
    varies = {name.strip().lower() for name in all_values(headers, "Vary").split(",") if name.strip()}
    if "Set-Cookie" in headers or _FORBIDDEN.search(control) or varies - {"accept", "accept-encoding"}:
        return 0
    ages: dict[str, int] = {}
    for name, value in _AGE.findall(control):
        ages[name.lower()] = min(int(value), ages.get(name.lower(), LONGEST_FRESH))
    if ages:
        lifetime: float = ages.get("s-maxage", ages.get("max-age", 0))
    else:
        lifetime = _moment(headers.get("Expires", "")) - (_moment(headers.get("Date", "")) or time.time())
    age = headers.get("Age", "0")
    lifetime -= int(age) if age.isascii() and age.isdecimal() and len(age) < 10 else 0
    return max(0.0, min(lifetime, LONGEST_FRESH))


def _moment(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0


def _written(entries: list[dict[str, Any]]) -> bytes:
    """Return an index that can be read. If there are too many entries, the last ones are left out."""
    text = json.dumps(entries).encode()
    if len(text) <= MAX_INDEX and parsing_memory(text, INDEX_MEMORY) <= INDEX_MEMORY:
        return text
    return _written(entries[: len(entries) // 2])


def _unpacked(data: bytes, most: int) -> bytes:
    try:
        text = zstd.ZstdDecompressor().decompress(data, most + 1)
    except (zstd.ZstdError, EOFError) as error:
        raise ValueError("it is damaged") from error
    if len(text) > most:
        raise ValueError("it is larger than its index says")
    return bytes(text)


def _checked(entry: Any, end: int) -> CachedResponse:
    cached = CachedResponse(**entry)
    if not isinstance(cached.headers, dict):
        raise ValueError("the headers of an entry of its index are no object")
    texts = (
        cached.url,
        cached.accept,
        cached.etag,
        cached.modified,
        *cached.headers,
        *cached.headers.values(),
    )
    numbers = (cached.start, cached.length, cached.size)
    if not all(_is_text(text) for text in texts) or not all(_is_count(number) for number in numbers):
        raise ValueError("an entry of its index has a value of the wrong type")
    if cached.start + cached.length > end or cached.size > MAX_BODY:
        raise ValueError("an entry of its index points outside of the file")
    if not 0 <= cached.fresh_until <= time.time() + LONGEST_FRESH + _CLOCK_DIFFERENCE:
        raise ValueError("an entry of its index is fresh for too long")
    return cached


def _is_text(value: object) -> bool:
    # A line break would end a header and begin another.
    return isinstance(value, str) and value.isprintable()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0
