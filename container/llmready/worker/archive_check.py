"""Check the zip that a crawler wrote, before anybody can download it.

A crawler that a page has taken over may write any file. Only archives in the form that LLMReady's crawler
writes are accepted. They contain regular files with safe, unique relative names, stored one after the other.
Parts that programs interpret differently are refused: data between the entries, extra fields, comments and
encryption. Therefore every program unpacks the same files, and only into the target folder.

Only the file names that the crawler uses are accepted. ``llmready sync`` unpacks archives into repositories,
where other programs run files such as ``.github/workflows/x.yml`` or ``conftest.py``.
"""

import re
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from llmready.domain.archive_names import is_archive_name

_LONGEST_NAME = 255  # bytes of one part of a path, the limit of most file systems
_LONGEST_PATH = 1024  # bytes
_MOST_ENTRIES = 20_000
_MOST_UNPACKED = 4 << 30  # bytes
# The header before an entry (APPNOTE 4.3.7) without its time: signature, version, flags, method, CRC-32, packed size,
# size, lengths of the name and of the extra fields.
_HEADER = struct.Struct("<4sHHHIIIHH")
_HEADER_SIGNATURE = b"PK\x03\x04"
_TIME_AT, _TIME_SIZE = 10, 4
_DIRECTORY_HEADER = 46  # bytes before the name (APPNOTE 4.3.12)
_DIRECTORY_SIGNATURE = b"PK\x01\x02"
_LENGTHS = struct.Struct(
    "<28xHHH12x"
)  # in a directory header: lengths of the name, the extra fields, the comment
_END_RECORDS = (22, 22 + 56 + 20)  # bytes after the directory, without and with the ZIP64 records
_END = struct.Struct("<4s8xI4xH")  # signature, size of the directory, length of the comment (APPNOTE 4.3.16)
_END_SIGNATURE = b"PK\x05\x06"
# ZIP64 records (APPNOTE 4.3.14, 4.3.15): signature, size of the directory, signature of the locator.
_ZIP64_END = struct.Struct("<4s36xQ8x4s16x")
_ZIP64_END_SIGNATURE, _ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x06", b"PK\x06\x07"
_UTF8 = 0x800
_DOS_FOLDER = 0x10
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Control and bidirectional characters disguise a name; the others have a special meaning in Windows or a shell.
_FORBIDDEN = re.compile(
    r'[\x00-\x1f\x7f-\x9f\\:*?"<>|\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)", re.IGNORECASE
)


class BadArchive(Exception):
    """The archive differs from what LLMReady's crawler writes. The message gives the reason."""


def check_archive(archive: Path) -> None:
    """Check the names and the layout of a zip file.

    Args:
        archive: A file that no other process can change.

    Raises:
        BadArchive: It is not acceptable.
        OSError: The file cannot be read.
    """
    try:
        with archive.open("rb") as file:
            _count_entries(file, archive.stat().st_size)
            with zipfile.ZipFile(file) as opened:
                entries = opened.infolist()
                for entry in entries:
                    _check_entry(entry)
                _check_names([entry.orig_filename for entry in entries])
                _check_layout(opened, file, archive.stat().st_size)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise BadArchive(f"It is not a readable zip file: {error}") from error


def _count_entries(file: BinaryIO, size: int) -> None:
    """Refuse an archive with too many entries before `zipfile` reads its directory and makes an object of each."""
    without, with_zip64 = _END_RECORDS
    file.seek(max(0, size - with_zip64))
    end = file.read()
    signature, directory, comment = _END.unpack(end[-without:])
    if signature != _END_SIGNATURE or comment:
        raise BadArchive("It is not a readable zip file: its end record is missing, or it has a comment.")
    tail = without
    if len(end) == with_zip64:
        zip64_signature, zip64_directory, locator = _ZIP64_END.unpack(end[:-without])
        if locator == _ZIP64_LOCATOR_SIGNATURE:
            if zip64_signature != _ZIP64_END_SIGNATURE:
                raise BadArchive("It is not a readable zip file: its ZIP64 end record is missing.")
            tail, directory = with_zip64, zip64_directory
    if directory > min(size - tail, _MOST_ENTRIES * (_DIRECTORY_HEADER + _LONGEST_PATH)):
        raise BadArchive("Its directory is too large.")
    file.seek(size - tail - directory)
    headers = file.read(directory)
    at = count = 0
    while headers.startswith(_DIRECTORY_SIGNATURE, at) and len(headers) - at >= _DIRECTORY_HEADER:
        count += 1
        if count > _MOST_ENTRIES:
            raise BadArchive("It has too many entries.")
        at += _DIRECTORY_HEADER + sum(_LENGTHS.unpack_from(headers, at))
    if at != directory:
        raise BadArchive("Its directory is damaged.")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    # ``orig_filename`` is the name as it is stored; ``filename`` ends at a NUL and has separators replaced.
    name = entry.orig_filename
    check_name(name)
    if not (entry.flag_bits & _UTF8 or name.isascii()):
        raise BadArchive(f"The encoding of the name {name!r} is not given.")
    if entry.flag_bits & ~_UTF8:
        raise BadArchive(f"{name!r} is encrypted, patched or streamed.")
    if entry.compress_type not in _METHODS:
        raise BadArchive(f"{name!r} is compressed in an unknown way.")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or entry.external_attr & _DOS_FOLDER:
        raise BadArchive(f"{name!r} is not a regular file.")
    if entry.extra or entry.comment:
        raise BadArchive(f"{name!r} has extra fields or a comment.")


def check_name(name: str) -> None:
    """Check the name of one entry.

    Raises:
        BadArchive: The crawler does not write such a path, or some file systems do not accept it.
    """
    if not name or len(name.encode(errors="replace")) > _LONGEST_PATH:
        raise BadArchive("A name is empty or too long.")
    if _FORBIDDEN.search(name):
        raise BadArchive(f"The name {name!r} has characters that are not allowed.")
    for part in name.split("/"):
        if part in ("", ".", "..") or part != part.strip(" ") or part.endswith("."):
            raise BadArchive(f"The name {name!r} is not a plain relative path.")
        if len(part.encode()) > _LONGEST_NAME or _RESERVED.match(part):
            raise BadArchive(f"The name {name!r} is not allowed on every file system.")
    if not is_archive_name(name):
        raise BadArchive(f"{name!r} is not a file that the crawler writes.")


def _check_names(names: list[str]) -> None:
    """Refuse duplicate names (ignoring case and Unicode form), and names that are both a file and a folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in files:
            raise BadArchive(f"The name {name!r} occurs twice.")
        files.add(folded)
        folders.update(str(folder) for folder in PurePosixPath(folded).parents)
    if clash := files & folders:
        raise BadArchive(f"{min(clash)!r} is both a file and a folder.")


def _check_layout(archive: zipfile.ZipFile, file: BinaryIO, size: int) -> None:
    """Refuse anything except consecutive entries and the directory after them.

    The header before an entry must equal its directory entry, because some programs read only one of them.
    """
    position = unpacked = directory = 0
    for entry in archive.infolist():
        name = entry.orig_filename.encode()
        header = _HEADER.pack(
            _HEADER_SIGNATURE,
            *(entry.extract_version, entry.flag_bits, entry.compress_type),
            entry.CRC,
            *(entry.compress_size, entry.file_size, len(name), 0),
        )
        file.seek(position)
        found = file.read(len(header) + _TIME_SIZE + len(name))
        if entry.header_offset != position or _without_time(found) != header + name:
            raise BadArchive(f"The header of {entry.orig_filename!r} does not match its directory entry.")
        position += len(found) + entry.compress_size
        unpacked += entry.file_size
        directory += _DIRECTORY_HEADER + len(name)
    if unpacked > _MOST_UNPACKED:
        raise BadArchive("It would be too large when unpacked.")
    if position != archive.start_dir or size - position - directory not in _END_RECORDS or archive.comment:
        raise BadArchive("It contains data outside of its entries.")


def _without_time(header: bytes) -> bytes:
    return header[:_TIME_AT] + header[_TIME_AT + _TIME_SIZE :]
