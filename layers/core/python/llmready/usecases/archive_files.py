"""Read single files of a generation's archive by range, without unpacking the zip.

The worker stores an index beside the archive. Archives of earlier releases have none; their index is read from the
zip's own central directory.
"""

import io
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from pydantic import ValidationError

from llmready.domain.archive import Archive
from llmready.domain.errors import Conflict, Gone, NotFound
from llmready.domain.file_index import (
    LOCAL_HEADER,
    FileIndex,
    IndexedFile,
    content_start,
    inflate,
    read_index,
)
from llmready.domain.generation import Generation
from llmready.domain.generation_files import extract_key, extracts_prefix, index_key
from llmready.ports.files import Archives
from llmready.services import Services
from llmready.usecases.download import URL_SECONDS, readable_archive

LARGEST_INLINE = 4_000_000
"""Bytes of the largest file that an answer may carry."""

LARGEST_ANSWER = 5_900_000
"""Bytes that an answer may have as Lambda counts them. Its limit is 6 MB with the headers."""

LARGEST_EXTRACT = 250_000_000
"""Bytes of the largest file that is extracted. Larger ones would take more than the 15 seconds of a function."""

_BLOCK = 256 * 1024  # bytes that one read of a central directory fetches
_CHUNK = 8 * 1024 * 1024  # bytes of compressed content that are in memory at once
# Bytes by which compressed content may exceed twice the content. Each of the joined pages adds about ten bytes.
_MOST_OVERHEAD = 1_000_000
_LONGEST_NAME = 65_535 * 2  # bytes of name and extra field in a local header


class FileContent(NamedTuple):
    """The content of a file."""

    file: IndexedFile
    data: bytes


class FileLink(NamedTuple):
    """A presigned URL of a file that is too large for an answer."""

    file: IndexedFile
    url: str
    expires_at: datetime


def list_files(services: Services, generation: Generation) -> list[IndexedFile]:
    """Return the files of a generation's archive.

    Raises:
        Conflict: The generation has no files (yet), or the malware scan has not passed them (yet).
        Gone: The files have expired, or were withdrawn.
    """
    archive = readable_archive(services, generation)
    return index_of(services.archives, generation, archive).files


def read_file(
    services: Services, generation: Generation, path: str, *, before_extracting: Callable[[], None]
) -> FileContent | FileLink:
    """Return the content of one file. For a file that is too large for an answer, return its location.

    Args:
        services: The process's services.
        generation: The generation that the file belongs to.
        path: Exact path within the archive.
        before_extracting: Called before a large file is extracted, which takes seconds. It may refuse the request.

    Raises:
        Conflict: The generation has no files (yet), the malware scan has not passed them (yet), or the file is too
            large to be extracted.
        Gone: The files have expired, or were withdrawn.
        NotFound: The archive has no such file.
    """
    archive = readable_archive(services, generation)
    file = index_of(services.archives, generation, archive).file(path)
    if file is None:
        raise NotFound("file_not_found", "The archive has no file with this path.")
    if file.bytes <= LARGEST_INLINE:
        data = content_of(services.archives, archive, file)
        if fits_an_answer(data.decode(errors="replace")):
            return FileContent(file, data)
    key = extract_key(generation.user_id, generation.id, generation.fence, path)
    if not services.archives.exists(key):
        if file.bytes > LARGEST_EXTRACT:
            raise Conflict(
                "file_too_large",
                "This file is too large to be sent separately. Download the archive instead.",
            )
        before_extracting()
        services.archives.put_stream(key, _chunks(services.archives, archive, file))
    name = path.rpartition("/")[2].encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    url = services.archives.download_url(
        key, filename=name, seconds=URL_SECONDS, content_type=content_type(path)
    )
    return FileLink(file, url, services.clock() + timedelta(seconds=URL_SECONDS))


def fits_an_answer(text: str) -> bool:
    """Return whether Lambda accepts a text as the body of an answer.

    A function returns the body as a string of JSON, in which quotes, backslashes and line breaks are longer.
    """
    return len(json.dumps(text, ensure_ascii=False).encode()) <= LARGEST_ANSWER


def delete_extracts(services: Services, generation: Generation) -> None:
    """Delete the copies of large files of a generation's archive."""
    if generation.archive is not None:
        services.archives.delete_all(extracts_prefix(generation.user_id, generation.id))


def content_type(path: str) -> str:
    """Return the media type of a file of an archive."""
    return "application/json" if path.endswith(".json") else "text/markdown; charset=utf-8"


def index_of(archives: Archives, generation: Generation, archive: Archive) -> FileIndex:
    """Return the index that the worker stored, or read one from the zip.

    Raises:
        Gone: The archive does not exist any more.
    """
    stored = stored_index(archives, generation)
    if stored is not None:
        return stored
    try:
        with ZipFile(io.BufferedReader(_RangeFile(archives, archive), _BLOCK)) as opened:
            return read_index(opened, hash_all=False)
    except (BadZipFile, ValueError, zlib.error):
        raise Gone(
            "files_expired", "The files of this generation can no longer be read; start a new generation."
        ) from None


def stored_index(archives: Archives, generation: Generation) -> FileIndex | None:
    """Return the index that the worker stored beside the archive, or None."""
    document = archives.read(index_key(generation.user_id, generation.id, generation.fence))
    try:
        return FileIndex.model_validate_json(document) if document is not None else None
    except ValidationError:
        return None


def content_of(archives: Archives, archive: Archive, file: IndexedFile) -> bytes:
    """Return the content of a file, in one range request for files that our crawler packed.

    Raises:
        Gone: The archive does not exist any more.
    """
    _refuse_padding(file)
    # The crawler writes no extra fields; zips of other programs may need a second request.
    length = LOCAL_HEADER + len(file.path.encode()) + file.packed
    raw = _range(archives, archive, file.offset, length)
    try:
        if content_start(raw) + file.packed > len(raw):
            raw = _range(archives, archive, file.offset, length + _LONGEST_NAME)
        return inflate(file, raw)
    except ValueError:
        raise _unreadable() from None


def _chunks(archives: Archives, archive: Archive, file: IndexedFile) -> Iterator[bytes]:
    """Yield the content of a large file in parts."""
    _refuse_padding(file)
    head = _range(archives, archive, file.offset, LOCAL_HEADER)
    try:
        position = file.offset + content_start(head)
        end = position + file.packed
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if file.deflated else None
        left = file.bytes
        while position < end:
            packed = _range(archives, archive, position, min(_CHUNK, end - position))
            position += len(packed)
            while packed:
                chunk = unpacker.decompress(packed, _CHUNK) if unpacker else packed
                left -= len(chunk)
                if left < 0:
                    raise _unreadable()
                yield chunk
                packed = unpacker.unconsumed_tail if unpacker else b""
    except (ValueError, zlib.error):
        raise _unreadable() from None


def _refuse_padding(file: IndexedFile) -> None:
    """Refuse a file with much more compressed content than content, which the crawler does not write."""
    if file.packed > 2 * file.bytes + _MOST_OVERHEAD:
        raise _unreadable()


def _range(archives: Archives, archive: Archive, start: int, length: int) -> bytes:
    raw = archives.read_range(archive.key, start, length)
    if not raw:
        raise _unreadable()
    return raw


def _unreadable() -> Gone:
    return Gone(
        "files_expired", "The files of this generation can no longer be read; start a new generation."
    )


class _RangeFile(io.RawIOBase):
    """A stored archive as a file that is read by range requests."""

    def __init__(self, archives: Archives, archive: Archive) -> None:
        self._archives = archives
        self._archive = archive
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._archive.file_size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        length = min(len(view), self._archive.file_size - self._position)
        if length <= 0:
            return 0
        raw = self._archives.read_range(self._archive.key, self._position, length) or b""
        view[: len(raw)] = raw
        self._position += len(raw)
        return len(raw)
