"""Answers of earlier crawls: asked for again only on the condition that they changed (RFC 9110, section 13).

Two files may be given. `previous` holds what the last crawl of the same site brought; each answer is confirmed by
the site before it is used. `shared` holds what others brought, and only what any cache may keep (RFC 9111);
while it is fresh it is used unasked.

Such a file is a row of frames, each the Zstandard-compressed body of one answer, then the index as JSON, compressed
too, then the index's place. It is read without trusting it: a damaged one counts as empty.
"""

from __future__ import annotations

import json
import logging
import re
import struct
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from multidict import CIMultiDict

from llmready.crawler.fetch.client import Response

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
LONGEST_FRESH = 86_400
"""Seconds after which a shared answer is asked for again, however long the site would let it be kept."""

_FOOT = struct.Struct(">4sQQ")
_MAGIC = b"LRA1"
_KEPT_HEADERS = ("Content-Type", "X-Robots-Tag", "Link")
_TAKEN_OVER = ("X-Robots-Tag", "Cache-Control", "Expires", "Date", "Age", "ETag", "Last-Modified", "Vary")
_AGE = re.compile(r"(?:^|,)\s*(s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_FORBIDDEN = re.compile(r"(?:^|,)\s*(?:no-store|no-cache|private|must-revalidate)\b", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """An answer of an earlier crawl: where its body lies, and how the site tells whether it changed.

    `fresh_until`, seconds since 1970, 0 where only the site can say.
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
class Found:
    """A known answer with its body; `fresh` where it may be used unasked."""

    url: Url
    known: Known
    body: bytes
    fresh: bool

    @property
    def condition(self) -> dict[str, str]:
        """The headers that ask only for what changed."""
        pairs = (("If-None-Match", self.known.etag), ("If-Modified-Since", self.known.modified))
        return {name: value for name, value in pairs if value}

    def response(self, confirmed_by: Response | None = None) -> Response:
        """Return the answer as if it had just come; what a confirmation says about it counts."""
        headers = CIMultiDict(self.known.headers)
        if self.known.etag:
            headers["ETag"] = self.known.etag
        if self.known.modified:
            headers["Last-Modified"] = self.known.modified
        said = confirmed_by.headers if confirmed_by is not None else {}
        for name in _TAKEN_OVER:
            if text := all_of(said, name):
                headers[name] = text
        return Response(self.url, 200, headers, self.body)


class AnswerFile:
    """Reads a file of answers. Parameters: `path`; a file that is missing or damaged holds nothing."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO | None = None
        self.index: dict[tuple[str, str], Known] = {}
        try:
            self._file = path.open("rb")
            self._read_index(path.stat().st_size)
        except (OSError, ValueError, TypeError, KeyError, zstd.ZstdError, RecursionError) as error:
            _log.warning("the answers in %s cannot be read: %s", path, error)
            self.index = {}

    def body(self, known: Known) -> bytes:
        """Return the body of an answer. Raises: ValueError when the file is damaged."""
        if self._file is None:
            raise ValueError("there is no file")
        self._file.seek(known.start)
        return _unpacked(self._file.read(min(known.length, MAX_BODY)), known.size)

    def packed(self, known: Known) -> bytes:
        """Return the body of an answer as it lies in the file."""
        if self._file is None:
            return b""
        self._file.seek(known.start)
        return self._file.read(min(known.length, MAX_BODY))

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
            raise ValueError("it is no such file")
        self._file.seek(start)
        for entry in json.loads(_unpacked(self._file.read(length), MAX_INDEX)):
            known = _checked(entry, start)
            self.index[known.url, known.accept] = known


class AnswerWriter:
    """Writes a file of answers. Parameters: `path`, made anew; use as a context manager, which completes it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._end = 0
        self._index: dict[tuple[str, str], Known] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self._file):
            index = zstd.compress(json.dumps([asdict(known) for known in self._index.values()]).encode(), 3)
            self._file.write(index + _FOOT.pack(_MAGIC, self._end, len(index)))

    def add(self, response: Response, accept: str, fresh_until: float) -> None:
        """Keep an answer, unless it is there or the file is full."""
        key = (str(response.url), accept)
        if key in self._index or len(response.body) > MAX_BODY:
            return
        headers = {name: all_of(response.headers, name)[:1000] for name in _KEPT_HEADERS}
        known = Known(
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
        self.copy(known, zstd.compress(response.body, 1))

    def copy(self, known: Known, packed: bytes) -> None:
        """Keep an answer whose body is compressed already."""
        key = (known.url, known.accept)
        if key in self._index or self._end + len(packed) > MAX_FILE:
            return
        self._file.write(packed)
        self._index[key] = Known(**{**asdict(known), "start": self._end, "length": len(packed)})
        self._end += len(packed)


class KnownAnswers:
    """What earlier crawls brought, and what this one brings for the next.

    Parameters: `previous` and `shared`, files to read; `keep` and `share`, files to write. Use as a context manager.
    """

    def __init__(
        self,
        previous: Path | None = None,
        shared: Path | None = None,
        keep: Path | None = None,
        share: Path | None = None,
    ) -> None:
        self._previous = AnswerFile(previous) if previous is not None else None
        self._shared = AnswerFile(shared) if shared is not None else None
        self._keep = AnswerWriter(keep) if keep is not None else None
        self._share = AnswerWriter(share) if share is not None else None

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

    def find(self, url: Url, accept: str) -> Found | None:
        """Return what is known of an answer, or None; what may be used unasked comes first."""
        key = (str(url), accept)
        for file, fresh in ((self._shared, True), (self._previous, False), (self._shared, False)):
            known = file.index.get(key) if file is not None else None
            if known is None or file is None:
                continue
            if (known.fresh_until > time.time()) if fresh else (known.etag or known.modified):
                try:
                    return Found(url, known, file.body(known), fresh=fresh)
                except (OSError, ValueError) as error:
                    _log.warning("an answer cannot be read: %s", error)
        return None

    def keep(self, response: Response, accept: str) -> None:
        """Keep an answer for the next crawl, and for others where any cache may."""
        if response.status != 200 or not response.body:
            return
        if self._keep is not None and ("ETag" in response.headers or "Last-Modified" in response.headers):
            self._keep.add(response, accept, 0)
        if self._share is not None and (fresh := fresh_seconds(response.headers)):
            self._share.add(response, accept, time.time() + fresh)

    def _carry_over(self) -> None:
        """What others brought and is fresh stays, where this crawl did not come by."""
        if self._share is None or self._shared is None:
            return
        for known in self._shared.index.values():
            if known.fresh_until > time.time():
                self._share.copy(known, self._shared.packed(known))


def all_of(headers: Mapping[str, str], name: str) -> str:
    """Return all values of a header that may repeat, as one list."""
    wanted = name.lower()
    return ", ".join(value for key, value in headers.items() if key.lower() == wanted)


def fresh_seconds(headers: Mapping[str, str]) -> float:
    """Return for how many seconds a cache that many people use may keep an answer (RFC 9111), 0 for not at all.

    Only with explicit freshness, and nothing that was made for one visitor: no `Set-Cookie`, no `Vary` other than
    by what all our requests have alike.
    """
    control = headers.get("Cache-Control", "")
    varies = {name.strip().lower() for name in headers.get("Vary", "").split(",") if name.strip()}
    if "Set-Cookie" in headers or _FORBIDDEN.search(control) or varies - {"accept", "accept-encoding"}:
        return 0
    ages = {name.lower(): int(value) for name, value in _AGE.findall(control)}
    if ages:
        lifetime: float = ages.get("s-maxage", ages.get("max-age", 0))
    else:
        lifetime = _moment(headers.get("Expires", "")) - (_moment(headers.get("Date", "")) or time.time())
    age = headers.get("Age", "0")
    lifetime -= int(age) if age.isdecimal() and len(age) < 10 else 0
    return max(0.0, min(lifetime, LONGEST_FRESH))


def _moment(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0


def _unpacked(data: bytes, most: int) -> bytes:
    try:
        text = zstd.ZstdDecompressor().decompress(data, most + 1)
    except (zstd.ZstdError, EOFError) as error:
        raise ValueError("it is damaged") from error
    if len(text) > most:
        raise ValueError("it holds more than it says")
    return bytes(text)


def _checked(entry: Any, end: int) -> Known:
    known = Known(**entry)
    texts = (known.url, known.accept, known.etag, known.modified, *known.headers, *known.headers.values())
    numbers = (known.start, known.length, known.size)
    if not all(_is_text(text) for text in texts) or not all(_is_count(number) for number in numbers):
        raise ValueError("an entry is none")
    if known.start + known.length > end or known.size > MAX_BODY or not known.fresh_until >= 0:
        raise ValueError("a place lies outside of it")
    return known


def _is_text(value: object) -> bool:
    # A line break would end a header and begin another.
    return isinstance(value, str) and value.isprintable()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0
