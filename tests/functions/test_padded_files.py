"""Files of an archive whose compressed form is far longer, or inflates to more, than the crawler writes."""

import zlib
from types import SimpleNamespace
from typing import cast

import pytest

from llmready.domain.archive import Archive
from llmready.domain.errors import Gone
from llmready.domain.file_index import IndexedFile
from llmready.ports.files import Archives
from llmready.usecases.archive_files import _chunks, content_of

ARCHIVE = cast("Archive", SimpleNamespace(key="archive"))
HEADER = b"PK\x03\x04" + bytes(22) + (8).to_bytes(2, "little") + bytes(2) + b"llms.txt"


class Stored:
    """An archive of one file, and the number of bytes that were read from it."""

    def __init__(self, packed: bytes) -> None:
        self.read = 0
        self._data = HEADER + packed

    def read_range(self, _key: str, start: int, length: int) -> bytes:
        self.read += length
        return self._data[start : start + length]

    @property
    def archives(self) -> Archives:
        return cast("Archives", self)


def deflated(data: bytes, *, blocks: int = 0) -> bytes:
    """Return data behind a number of blocks without content."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"\x00\x00\x00\xff\xff" * blocks + packer.compress(data) + packer.flush()


def file_of(packed: bytes, size: int) -> IndexedFile:
    return IndexedFile(path="llms.txt", offset=0, packed=len(packed), bytes=size)


@pytest.mark.parametrize("blocks", [0, 1000])
def test_a_file_with_some_blocks_without_content_is_read(blocks: int) -> None:
    packed = deflated(b"# Bread\n", blocks=blocks)
    stored, file = Stored(packed), file_of(packed, 8)
    assert content_of(stored.archives, ARCHIVE, file) == b"# Bread\n"
    assert b"".join(_chunks(stored.archives, ARCHIVE, file)) == b"# Bread\n"


def test_a_file_with_millions_of_blocks_without_content_is_not_read() -> None:
    packed = deflated(b"# Bread\n", blocks=1_000_000)
    stored, file = Stored(packed), file_of(packed, 8)
    with pytest.raises(Gone):
        content_of(stored.archives, ARCHIVE, file)
    with pytest.raises(Gone):
        list(_chunks(stored.archives, ARCHIVE, file))
    assert stored.read == 0


def test_extracting_ends_when_a_file_is_longer_than_its_size() -> None:
    packed = deflated(bytes(50_000_000))
    stored, file = Stored(packed), file_of(packed, 10_000_000)
    extracted: list[int] = []
    with pytest.raises(Gone):
        extracted.extend(len(chunk) for chunk in _chunks(stored.archives, ARCHIVE, file))
    assert sum(extracted) <= 10_000_000
