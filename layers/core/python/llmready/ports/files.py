"""The bucket with archives and the documents beside them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from llmready.domain.archive import ScanResult


class Archives(Protocol):
    """Files by key."""

    def store(self, path: Path, key: str, sha256: str) -> None:
        """Store a file.

        Args:
            path: The file.
            key: Its key in the bucket.
            sha256: SHA-256 of its content in hexadecimal; the bucket refuses other content.
        """

    def put(self, key: str, data: bytes) -> None:
        """Store a small document."""

    def read(self, key: str) -> bytes | None:
        """Return a small document, or None if it does not exist."""

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return up to ``length`` bytes of a file, beginning at ``start``, or None if the file does not exist."""

    def exists(self, key: str) -> bool:
        """Return whether a file exists."""

    def put_stream(self, key: str, chunks: Iterator[bytes]) -> None:
        """Store a file that is too large to be held in memory."""

    def fetch(self, key: str, path: Path, *, most: int) -> bool:
        """Write a stored file to ``path``.

        Args:
            key: Key of the file.
            path: Where to write it.
            most: Greatest size in bytes that is accepted.

        Returns:
            False if the file does not exist or is larger.
        """

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files. Keys that do not exist are ignored."""

    def delete_all(self, prefix: str) -> None:
        """Delete all files whose key starts with ``prefix``."""

    def delete_some(self, prefix: str) -> bool:
        """Delete one batch of the files whose key starts with ``prefix``. Return False if there are none."""

    def scan_result(self, key: str) -> ScanResult | None:
        """Return the result of the malware scan of a file, or None if it was not scanned yet.

        Raises:
            NotFound: The file does not exist.
        """

    def download_url(
        self, key: str, *, filename: str, seconds: int, content_type: str = "application/zip"
    ) -> str:
        """Return a presigned URL.

        Args:
            key: Key of the file.
            filename: Name under which a browser saves it.
            seconds: How long the URL is valid.
            content_type: Media type that the response declares.
        """
