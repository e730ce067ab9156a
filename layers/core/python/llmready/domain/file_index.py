"""The index of an archive: the position, content and hash of each file in the zip.

A worker stores it beside the archive. With the index, one range request reads one file, and two generations
can be compared without their files. The same index can be built from the zip's own central directory and its
manifest.
"""

import hashlib
import zlib
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from pydantic import BaseModel, ConfigDict

from llmready.bounded_json import parse_json

MANIFEST = "manifest.json"
LLMS_TXT = "llms.txt"
LLMS_FULL = "llms-full.txt"
LOCAL_HEADER = 30
"""Bytes of a zip's local file header before the name (PKWARE's APPNOTE 6.3, section 4.3.7)."""

_LARGEST_MANIFEST = 50_000_000  # bytes
# Bytes for parsing a manifest. 1,000 pages need 10 MB, or 70 MB if they and 1,000 failures have the longest URLs.
_MANIFEST_MEMORY = 200_000_000
_LARGEST_HASHED = 1_000_000_000  # bytes; stops zip bombs
_CHUNK = 1 << 20


class IndexedFile(BaseModel):
    """One file of an archive. Sizes are bytes.

    Attributes:
        path: Path within the archive.
        offset: Position of the file's local header in the zip.
        packed: Size of the compressed content.
        bytes: Size of the content.
        deflated: Whether the content is compressed with deflate; otherwise it is stored uncompressed.
        sha256: SHA-256 of the content in hexadecimal; None where it was not computed.
        title: Title of the page, None for other files.
        url: URL of the page, None for other files.
        section: Section of llms.txt that lists the page.
        tokens: Estimated number of tokens.
        words: Number of words of the page.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    offset: int
    packed: int
    bytes: int
    deflated: bool = True
    sha256: str | None = None
    title: str | None = None
    url: str | None = None
    section: str | None = None
    tokens: int | None = None
    words: int | None = None


class FileIndex(BaseModel):
    """All files of an archive in the order of the zip. ``origin`` is the URL at which the crawl began."""

    model_config = ConfigDict(frozen=True)

    origin: str
    files: list[IndexedFile]

    def file(self, path: str) -> IndexedFile | None:
        """Return the file with exactly this path, or None."""
        return next((file for file in self.files if file.path == path), None)

    @property
    def hashes(self) -> dict[str, str | None]:
        """Hash of each file by its path. The manifest is left out, because it contains times."""
        return {file.path: file.sha256 for file in self.files if file.path != MANIFEST}


def read_index(archive: ZipFile, *, hash_all: bool) -> FileIndex:
    """Read the index of an archive from its central directory and its manifest.

    Args:
        archive: The opened zip.
        hash_all: Whether to read and hash files for which the manifest contains no hash.

    Raises:
        ValueError: The archive has no usable manifest.
        zipfile.BadZipFile: It is not a zip.
    """
    manifest = _manifest(archive)
    pages = {page["path"]: page for page in manifest["pages"]}
    hasher = _Hasher(archive) if hash_all else None
    files = [
        _file(info, pages.get(info.filename), manifest, hasher)
        for info in archive.infolist()
        if _is_plain(info)
    ]
    return FileIndex(origin=str(manifest["origin"]), files=files)


def inflate(file: IndexedFile, raw: bytes) -> bytes:
    """Return the content of a file.

    Args:
        file: The file.
        raw: Bytes of the zip from ``file.offset`` on: the local header, the name, and the compressed content.

    Raises:
        ValueError: The bytes are not this file.
    """
    start = content_start(raw)
    packed = raw[start : start + file.packed]
    if not file.deflated:
        content = packed
    else:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, file.bytes + 1)
        except zlib.error as error:
            raise ValueError(f"{file.path} cannot be decompressed") from error
    if len(content) != file.bytes:
        raise ValueError(f"the size of {file.path} differs from the size in the index")
    return content


def content_start(raw: bytes) -> int:
    """Return where the content begins in bytes that begin with a local header.

    Raises:
        ValueError: They do not begin with one.
    """
    if len(raw) < LOCAL_HEADER or not raw.startswith(b"PK\x03\x04"):
        raise ValueError("the archive has no local file header at this offset")
    return LOCAL_HEADER + int.from_bytes(raw[26:28], "little") + int.from_bytes(raw[28:30], "little")


def read_entry(archive: ZipFile, info: ZipInfo) -> bytes:
    """Return the content of a file of an archive.

    `ZipFile.read` decompresses up to 2 GiB before it compares the size with the one that the archive declares.

    Args:
        archive: An archive that a taken-over crawler may have written.
        info: The file.

    Returns:
        At most `info.file_size` bytes.

    Raises:
        BadZipFile: The content is damaged.
        NotImplementedError, RuntimeError, zlib.error: As of `ZipFile.open`, and when the content is damaged.
    """
    with archive.open(info) as content:
        return content.read(info.file_size)


def _storable(value: object) -> object:
    """Return a value without lone surrogates, which the manifest of a taken-over crawler may contain."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


class _Hasher:
    """Hashes files of a zip up to a total size."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._left = _LARGEST_HASHED

    def sha256(self, info: ZipInfo) -> str:
        digest = hashlib.sha256()
        with self._archive.open(info) as content:
            while chunk := content.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise ValueError("the archive's content is too large")
                digest.update(chunk)
        return digest.hexdigest()


def _manifest(archive: ZipFile) -> dict[str, Any]:
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError:
        raise ValueError("the archive has no manifest") from None
    if info.file_size > _LARGEST_MANIFEST:
        raise ValueError("the manifest is too large")
    manifest = parse_json(read_entry(archive, info), memory=_MANIFEST_MEMORY)
    pages = manifest.get("pages") if isinstance(manifest, dict) else None
    if not isinstance(pages, list) or not all(
        isinstance(page, dict) and isinstance(page.get("path"), str) for page in pages
    ):
        raise ValueError("the manifest lists no pages")
    return {"origin": "", "tokens": None, **manifest}


def _is_plain(info: ZipInfo) -> bool:
    return not info.is_dir() and info.compress_type in (ZIP_STORED, ZIP_DEFLATED)


def _file(
    info: ZipInfo, page: dict[str, Any] | None, manifest: dict[str, Any], hasher: _Hasher | None
) -> IndexedFile:
    sha256 = page.get("sha256") if page is not None else None
    if sha256 is None and hasher is not None and info.filename != MANIFEST:
        sha256 = hasher.sha256(info)
    facts: dict[str, Any] = {}
    if page is not None:
        facts = {name: _storable(page.get(name)) for name in ("title", "url", "section", "tokens", "words")}
    elif info.filename == LLMS_FULL:
        facts = {"tokens": manifest["tokens"]}
    return IndexedFile(
        path=info.filename,
        offset=info.header_offset,
        packed=info.compress_size,
        bytes=info.file_size,
        deflated=info.compress_type == ZIP_DEFLATED,
        sha256=sha256,
        **facts,
    )
