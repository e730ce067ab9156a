"""Write a zip file from compressed parts (PKWARE's APPNOTE 6.3); equal input gives equal bytes.

See `store.deflate`. Python's `zipfile` would compress all pages at the end, and each of them twice.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from llmready.crawler.failures import Code, Failure
from llmready.crawler.store.deflate import deflated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import Self

# The earliest date of the zip format; a fixed date makes the bytes reproducible.
_DATE, _TIME = (1980 - 1980) << 9 | 1 << 5 | 1, 0
_VERSION, _VERSION_64, _UNIX = 20, 45, 3
_UTF8 = 1 << 11
_DEFLATED = 8
_PLAIN_FILE = 0o100644 << 16
_MOST_PLAIN = 0xFFFF
_LARGEST_PLAIN = 0xFFFFFFFF
_END = b"\x03\x00"  # an empty last block


class ZipFile:
    """Writes a zip file. A context manager that completes the file if there was no error.

    Args:
        path: Path of the file, which is overwritten.
        limit: Greatest size in bytes.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._file = path.open("wb")
        self._limit = limit
        self._position = 0
        self._directory: list[bytes] = []
        self._directory_size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._finish()

    def add(self, name: str, data: bytes, parts: Iterable[bytes] = ()) -> None:
        """Add a file.

        Args:
            name: Path in the zip.
            data: Content of the file.
            parts: The content compressed by `deflated`, if available.

        Raises:
            Failure: The zip is too large (archive_too_large).
            OSError: The zip cannot be written.
        """
        packed = b"".join(parts) or deflated(data)
        self.add_parts(name, len(data), zlib.crc32(data), lambda: [packed], len(packed))

    def add_parts(
        self, name: str, size: int, checksum: int, parts: Callable[[], Iterable[bytes]], packed_size: int
    ) -> None:
        """Add a file that is too large for memory.

        Args:
            name: Path in the zip.
            size: Size of the content, in bytes.
            checksum: CRC-32 of the content.
            parts: Yields the compressed content.
            packed_size: Size of the compressed content, in bytes.

        Raises:
            Failure: The zip is too large (archive_too_large).
            OSError: The zip cannot be written.
        """
        packed_size += len(_END)
        raw = name.encode()
        after = self._position + 30 + len(raw) + packed_size
        entry = 46 + len(raw)
        if after + self._directory_size + entry + 22 > self._limit:
            raise Failure(
                Code.ARCHIVE_TOO_LARGE,
                f"The archive would be larger than {self._limit / 1_000_000:g} MB; reduce max_pages.",
            )
        shared = struct.pack(
            "<HHHHHIIIHH",
            *(_VERSION, _UTF8, _DEFLATED, _TIME, _DATE, checksum, packed_size, size, len(raw), 0),
        )
        self._file.write(b"PK\x03\x04" + shared + raw)
        for part in parts():
            self._file.write(part)
        self._file.write(_END)
        made_by = struct.pack("<H", _UNIX << 8 | _VERSION)
        rest = struct.pack("<HHHII", 0, 0, 0, _PLAIN_FILE, self._position)
        self._directory.append(b"PK\x01\x02" + made_by + shared + rest + raw)
        self._directory_size += entry
        self._position = after

    def _finish(self) -> None:
        start, count = self._position, len(self._directory)
        self._file.writelines(self._directory)
        size = self._directory_size
        if count >= _MOST_PLAIN or start + size >= _LARGEST_PLAIN:
            where = start + size
            self._file.write(
                b"PK\x06\x06"
                + struct.pack("<QHHII", 44, _UNIX << 8 | _VERSION_64, _VERSION_64, 0, 0)
                + struct.pack("<QQQQ", count, count, size, start)
                + b"PK\x06\x07"
                + struct.pack("<IQI", 0, where, 1)
            )
        shown = min(count, _MOST_PLAIN)
        self._file.write(
            b"PK\x05\x06"
            + struct.pack(
                "<HHHHIIH",
                *(0, 0, shown, shown, min(size, _LARGEST_PLAIN), min(start, _LARGEST_PLAIN), 0),
            )
        )
