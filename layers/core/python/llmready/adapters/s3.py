"""The bucket with the archives."""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.archive import ScanResult
from llmready.domain.errors import NotFound, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_SCAN_TAG = "GuardDutyMalwareScanStatus"
_CHUNK = 1 << 18
_DELETED_AT_ONCE = 1000  # S3's limit for one DeleteObjects


class S3Archives:
    """Implements :class:`llmready.ports.files.Archives`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def store(self, path: Path, key: str, sha256: str) -> None:
        """Store a file under a key; S3 verifies its checksum.

        Args:
            path: The file.
            key: Key of the new object.
            sha256: Hash of the file, in hexadecimal.
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        try:
            with path.open("rb") as file:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=file,
                    ContentType="application/zip",
                    ChecksumSHA256=checksum,
                )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def put(self, key: str, data: bytes) -> None:
        """Store a small document."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def read(self, key: str) -> bytes | None:
        """Return a small document, or None if it does not exist."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            if _is_absent(error):
                return None
            raise TryAgain from error

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return a part of a file. Parts beyond its end are empty."""
        wanted = f"bytes={start}-{start + length - 1}"
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            if _is_absent(error):
                return None
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in ("InvalidRange", "416"):
                return b""
            raise TryAgain from error

    def exists(self, key: str) -> bool:
        """Return whether a file exists."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            if _is_absent(error):
                return False
            raise TryAgain from error
        return True

    def put_stream(self, key: str, chunks: Iterator[bytes]) -> None:
        """Store a large file in parts."""
        try:
            # One part in memory at a time.
            config = TransferConfig(use_threads=False)
            self._client.upload_fileobj(
                io.BufferedReader(_Stream(chunks), _CHUNK), self._bucket, key, Config=config
            )
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            raise TryAgain from error

    def fetch(self, key: str, path: Path, *, most: int) -> bool:
        """Write a file of at most ``most`` bytes to ``path``.

        Return False if the file does not exist or is larger.
        """
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            if found["ContentLength"] > most:
                return False
            with path.open("wb") as file:
                for chunk in found["Body"].iter_chunks(_CHUNK):
                    file.write(chunk)
        except (ClientError, BotoCoreError) as error:
            if _is_absent(error):
                return False
            raise TryAgain from error
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files. Keys that do not exist are ignored."""
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
            try:
                answer = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": objects, "Quiet": True},  # type: ignore[typeddict-item]
                )
            except (ClientError, BotoCoreError) as error:
                raise TryAgain from error
            # The call succeeds even if a file could not be deleted.
            if answer.get("Errors"):
                raise TryAgain

    def delete_all(self, prefix: str) -> None:
        """Delete all files under a prefix."""
        while self.delete_some(prefix):
            pass

    def delete_some(self, prefix: str) -> bool:
        """Delete up to a thousand files under a prefix. Return False if there are none."""
        try:
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error
        if found := page.get("Contents", []):
            self.delete([entry["Key"] for entry in found])
        return page["IsTruncated"]

    def scan_result(self, key: str) -> ScanResult | None:
        """Return what the malware scanner reported for a file; None before the scan.

        Raises:
            NotFound: The file does not exist.
            TryAgain: The bucket cannot be reached.
        """
        try:
            tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        except (ClientError, BotoCoreError) as error:
            if _is_absent(error):
                raise NotFound("file_not_found", "The file does not exist.") from error
            raise TryAgain from error
        said = next((tag["Value"] for tag in tags if tag["Key"] == _SCAN_TAG), None)
        return ScanResult(said) if said else None

    def download_url(
        self, key: str, *, filename: str, seconds: int, content_type: str = "application/zip"
    ) -> str:
        """Return a presigned URL that saves the file as ``filename``.

        Args:
            key: Key of the file.
            filename: ASCII name without quotes.
            seconds: Lifetime of the URL. It ends earlier if the credentials that signed the URL expire.
            content_type: Media type that the response declares.
        """
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
                "ResponseContentType": content_type,
            },
            ExpiresIn=seconds,
        )


class _Stream(io.RawIOBase):
    """A file object that reads from chunks, once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _is_absent(error: ClientError | BotoCoreError) -> bool:
    # Without the permission to list the bucket, S3 answers 403 for missing keys.
    absent = ("NoSuchKey", "404", "AccessDenied", "403")
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in absent
