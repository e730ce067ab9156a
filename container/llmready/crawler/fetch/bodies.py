"""Decode bodies while they arrive, up to a limit. Decompression bombs therefore cannot fill the memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.inflate import GZIP_SIGN, Inflate, damaged

if TYPE_CHECKING:
    from collections.abc import Callable

ACCEPT_ENCODING = "gzip, deflate, br"
_GZIP_HEAD = GZIP_SIGN + b"\x08"
"""The sign and the only compression method of gzip (RFC 1952)."""
_OVERHEAD_BYTES = 64 * 1024
"""Encoded bytes that no limit counts: headers, checksums, and data that does not become smaller."""
_HEAD_BYTES = 64 * 1024
"""Encoded bytes that are kept to decode them in another way while the declared way has not given anything."""


MOST_LAYERS = 3
"""Greatest number of encodings that are applied to one body."""


class Budget:
    """Decoded bytes that a whole crawl may still read."""

    def __init__(self, size: int) -> None:
        self.left = size

    def spend(self, size: int) -> None:
        """Subtract bytes from the budget. Raises: Failure (budget_exceeded) when it is used up."""
        self.left -= size
        if self.left < 0:
            raise Failure(Code.BUDGET_EXCEEDED, "The site is larger than the size limit of a crawl.")


class _Decoder(Protocol):
    def __call__(self, data: bytes, most: int) -> bytes: ...


class Body:
    """Collects and decodes one body.

    A body with an unknown encoding is used unchanged, or decompressed if it is gzip. Encoded bytes count as
    well, because endless compressed data may decode to nothing.

    Args:
        encoding: The header Content-Encoding; several headers are joined to a list.
        limit: Greatest number of bytes, for decoded and for encoded bytes.
        budget: Bytes that the crawl may still receive.
        cut: Cut a longer body at the limit instead of refusing it.
    """

    def __init__(self, encoding: str, limit: int, budget: Budget, *, cut: bool = False) -> None:
        self._decode = _Layers(encoding, limit)
        self._limit = limit
        self._budget = budget
        self._cut = cut
        self._data = bytearray()
        self.size = 0
        """Decoded bytes until now."""
        self._encoded_size = 0
        self._spent = 0

    def feed(self, data: bytes) -> bool:
        """Add bytes from the network.

        Returns: whether more data is needed; False only for a body that was cut.
        Raises: Failure (page_too_large, budget_exceeded, bad_encoding).
        """
        most = min(self._limit - self.size, self._budget.left) + 1
        part = self._decode(data, most)
        self.size += len(part)
        self._encoded_size += len(data)
        self._data += part
        encoded = min(self._encoded_size - _OVERHEAD_BYTES, self._limit + 1)
        counted = max(self.size, encoded, self._decode.most_between)
        self._budget.spend(max(0, counted - self._spent))
        self._spent = max(counted, self._spent)
        if counted <= self._limit and not self._decode.is_too_large:
            return True
        if not self._cut:
            size = f"{self._limit / 1_000_000:g} MB"
            when = "after" if self.size > self._limit else "before"
            raise Failure(Code.PAGE_TOO_LARGE, f"The response is larger than {size} {when} decoding.")
        if self.size > self._limit:
            del self._data[self._limit :]
        return False

    def bytes(self) -> bytes:
        """Return the decoded body."""
        return bytes(self._data)

    @property
    def is_complete(self) -> bool:
        """Whether the encoded data or the HTML document arrived to its end."""
        return self._decode.is_finished or self.is_whole_document

    @property
    def is_whole_document(self) -> bool:
        """Whether the received data ends like an HTML document."""
        return self._data[-1024:].rstrip().lower().endswith(b"</html>")


class _Layers:
    """Decodes a body with several encodings, the last one first (RFC 9110, section 8.4).

    Some servers compress a body twice but declare it once. A body that is still gzip is therefore decompressed again.

    Args:
        encoding: The header Content-Encoding.
        limit: Greatest number of bytes between two layers.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        makers: dict[str, Callable[[], _Decoder]] = {
            "gzip": Inflate,
            "x-gzip": Inflate,
            "deflate": Inflate,
            "br": _brotli,
            "zstd": _zstd,
        }
        names = [
            name for name in encoding.replace(" ", "").lower().split(",") if name not in ("", "identity")
        ]
        known = [makers[name] for name in reversed(names) if name in makers]
        if len(known) > MOST_LAYERS:
            raise Failure(Code.BAD_ENCODING, f"The response is compressed more than {MOST_LAYERS} times.")
        self._decoders: list[_Decoder] = [_Declared(maker) for maker in known]
        # Some servers send "none" or "utf-8" here, or nothing although the body is compressed; browsers read these
        # pages.
        unknown = encoding if names and not known else ""
        self._decoders += [_Undeclared(unknown) for _ in range(MOST_LAYERS - len(known))]
        self._left = [limit] * len(self._decoders)
        self._limit = limit
        self.is_too_large = False
        """Whether there were more bytes between two layers than the limit allows, so that some are missing."""

    def __call__(self, data: bytes, most: int) -> bytes:
        *outer, innermost = self._decoders
        for number, decode in enumerate(outer):
            data = decode(data, self._left[number] + 1)
            self._left[number] -= len(data)
            self.is_too_large |= self._left[number] < 0
        return innermost(data, most)

    @property
    def most_between(self) -> int:
        """The largest number of bytes between two layers until now, at most the limit."""
        return self._limit - max(0, min(self._left))

    @property
    def is_finished(self) -> bool:
        """Whether the encoded data has ended, if its encodings mark an end."""
        return all(getattr(decode, "is_finished", True) for decode in self._decoders)


class _Declared:
    """Decodes a body as its header says, unless its first bytes show that the header is wrong.

    A body that starts like gzip is read as gzip first, because about one of 60 small gzip bodies looks like the
    start of Brotli data, and would decode to nothing without an error.
    """

    def __init__(self, declared: Callable[[], _Decoder]) -> None:
        self._declared = declared
        self._decode: _Decoder | None = None
        self._other: Callable[[], _Decoder] | None = None
        self._head: bytes | None = b""

    def __call__(self, data: bytes, most: int) -> bytes:
        if self._decode is not None and self._head is None:
            return self._decode(data, most)
        self._head = (self._head or b"") + data
        if self._decode is None:
            if self._head != _GZIP_HEAD and _GZIP_HEAD.startswith(self._head):
                return b""
            data = self._head
            self._decode, self._other = self._by_first_bytes(data)
        try:
            part = self._decode(data, most)
        except Failure:
            if self._other is None:
                raise
            self._decode, data, self._head = self._other(), self._head, None
            return self._decode(data, most)
        if part or len(self._head) > _HEAD_BYTES:
            self._head = None
        return part

    def _by_first_bytes(self, head: bytes) -> tuple[_Decoder, Callable[[], _Decoder] | None]:
        """Return the decoder to use, and what makes another one for the case that it fails at once."""
        if head.startswith(_GZIP_HEAD):
            return Inflate(), self._declared
        is_text = head.lstrip()[:1] == b"<" and b"\0" not in head[:1024]
        return self._declared(), (lambda: _identity) if is_text else None

    @property
    def is_finished(self) -> bool:
        """Whether the encoded data has ended, if its encoding marks an end."""
        return getattr(self._decode, "is_finished", True)


class _Undeclared:
    """Decompresses a body with a missing or unknown encoding if it is gzip. Other bodies stay unchanged."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._decode: _Decoder | None = None
        self._head = b""

    def __call__(self, data: bytes, most: int) -> bytes:
        if self._decode is None:
            self._head += data
            if len(self._head) < 2 and GZIP_SIGN.startswith(self._head):
                return b""
            data, self._head = self._head, b""
            if data.startswith(GZIP_SIGN):
                self._decode = Inflate()
            elif self._encoding and b"\0" in data[:1024]:
                raise Failure(
                    Code.BAD_ENCODING, f"The response has the unknown encoding “{self._encoding[:40]}”."
                )
            else:
                self._decode = _identity
        return self._decode(data, most)

    @property
    def is_finished(self) -> bool:
        """Whether the encoded data has ended, if its encoding marks an end."""
        return getattr(self._decode, "is_finished", True)


def _identity(data: bytes, most: int) -> bytes:
    return data[:most]


def _brotli() -> _Decoder:
    import brotli  # noqa: PLC0415 - most sites send gzip

    decoder = brotli.Decompressor()

    def decode(data: bytes, most: int) -> bytes:
        try:
            return bytes(decoder.process(data, output_buffer_limit=most))
        except brotli.error:
            raise damaged() from None

    return decode


def _zstd() -> _Decoder:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - few sites send it unasked
    else:
        from backports import zstd  # noqa: PLC0415 - few sites send it unasked

    decoder = zstd.ZstdDecompressor()

    def decode(data: bytes, most: int) -> bytes:
        try:
            return bytes(decoder.decompress(data, most))
        except (zstd.ZstdError, EOFError):
            raise damaged() from None

    return decode
