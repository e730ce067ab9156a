"""Decode gzip (RFC 1952), deflate with the zlib header (RFC 1950) and without it (RFC 1951).

Checksums are not compared, because browsers do not compare them either and some servers send wrong ones.
"""

from __future__ import annotations

import zlib

from llmready.crawler.failures import Code, Failure

GZIP_SIGN = b"\x1f\x8b"
"""First bytes of data in gzip."""

_PIECE = 1024
"""Bytes that are read at once of headers and behind the first member.

zlib copies what follows the end of a member, and the name of a file in a header may be long.
"""

_GZIP_TRAILER = 8
_ZLIB_HEADER = 2
_FIXED = 10  # bytes of a gzip header before its optional fields
_METHOD = 8
_HEADER_CHECKSUM, _EXTRA, _NAME, _COMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class Inflate:
    """Decodes gzip with one or more members, and deflate with or without the zlib header."""

    def __init__(self) -> None:
        self._decoder: zlib._Decompress | None = None
        self._head = b""
        self._members = 0
        self._is_gzip = self._has_ended = False
        self._skipped = 0

    def __call__(self, data: bytes, most: int) -> bytes:
        """Decode the next part of the data to at most `most` bytes. Raises: Failure (bad_encoding)."""
        parts = bytearray()
        at = 0
        while at < len(data) and len(parts) < most and not self._has_ended:
            is_in_parts = self._members or self._decoder is None
            piece = data[at : at + _PIECE] if is_in_parts else data[at:]
            at += len(piece)
            if self._decoder is None:
                piece = self._begin(piece)
            if self._decoder is not None:
                try:
                    parts += self._decoder.decompress(piece, most - len(parts))
                except zlib.error:
                    raise damaged() from None
                at -= self._end_member()
        return bytes(parts)

    @property
    def is_finished(self) -> bool:
        """Whether the data has come to its end."""
        return self._decoder is None and (self._members > 0 or not self._head)

    def _begin(self, data: bytes) -> bytes:
        """Read the trailer of the member before, and the header of the next one. Returns: the data behind them."""
        rest = data[self._skipped :]
        self._skipped -= len(data) - len(rest)
        self._head += rest
        if self._members and not GZIP_SIGN.startswith(self._head[:2]):
            self._has_ended = True  # Browsers ignore what follows the last member.
        is_complete, length = _read_header(self._head)
        if self._has_ended or not is_complete:
            self._head = self._head[:length]
            return b""
        data, self._head = self._head[length:], b""
        self._is_gzip = length > _ZLIB_HEADER
        self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        return data

    def _end_member(self) -> int:
        """If the member has ended, prepare for another one. Returns: the number of bytes behind it."""
        if self._decoder is None or not self._decoder.eof:
            return 0
        behind = len(self._decoder.unused_data)
        self._decoder = None
        self._members += 1
        self._skipped = _GZIP_TRAILER
        self._has_ended = not self._is_gzip
        return behind


def damaged() -> Failure:
    """Return the failure of a response whose body cannot be decoded."""
    return Failure(Code.BAD_ENCODING, "The response is damaged: it cannot be decompressed.")


def _read_header(head: bytes) -> tuple[bool, int]:
    """Return whether the header at the beginning is complete.

    Returns also its length, or else the number of bytes to keep until more arrive: of a name, nothing is needed.

    Raises: Failure.
    """
    if len(head) < len(GZIP_SIGN):
        return False, len(head)
    if not head.startswith(GZIP_SIGN):
        is_zlib = head[0] & 15 == _METHOD and int.from_bytes(head[:2]) % 31 == 0
        return True, _ZLIB_HEADER if is_zlib else 0
    if len(head) < _FIXED:
        return False, len(head)
    method, flags = head[2], head[3]
    if method != _METHOD or flags & _RESERVED:
        raise damaged()
    end = _FIXED
    if flags & _EXTRA:
        end += 2 + int.from_bytes(head[end : end + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag and end <= len(head):
            zero = head.find(b"\0", end)
            if zero < 0:
                return False, end
            end = zero + 1
    end += 2 if flags & _HEADER_CHECKSUM else 0
    return end <= len(head), end
