"""The bucket of finished archives."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Archives:
    """Implements :class:`llmready.ports.Archives`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def store(self, path: Path, key: str, sha256: str) -> None:
        """Store a file under a key; S3 itself checks that it arrived as it was.

        Args:
            path: The file.
            key: Where to.
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

    def delete_all(self, prefix: str) -> None:
        """Delete all files under a prefix; none there is as good as done."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                found = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
                if found:
                    answer = self._client.delete_objects(
                        Bucket=self._bucket,
                        Delete={"Objects": found, "Quiet": True},  # type: ignore[typeddict-item]
                    )
                    # The call itself succeeds even where a file could not be deleted.
                    if answer.get("Errors"):
                        raise TryAgain
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def download_url(self, key: str, *, filename: str, seconds: int) -> str:
        """Return a presigned URL that saves the file as ``filename``.

        Args:
            key: Which file.
            filename: ASCII name without quotes.
            seconds: How long the URL is good; it also ends with the credentials that sign it.
        """
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
                "ResponseContentType": "application/zip",
            },
            ExpiresIn=seconds,
        )
