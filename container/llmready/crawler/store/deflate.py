"""Compress parts of files so that they can be joined into one deflate stream (RFC 1951).

Each part ends on a byte boundary and does not refer to earlier data. Therefore the text of a page is compressed only
once, during the crawl, and used both in its own file and in llms-full.txt.
"""

from __future__ import annotations

import zlib

LEVEL = 6


def deflated(data: bytes) -> bytes:
    """Compress a part of a file."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def deflated_line(data: bytes) -> bytes:
    """Compress a short part of a file, with a small window that takes little memory and time."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -12, 5)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
