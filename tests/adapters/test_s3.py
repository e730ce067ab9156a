import hashlib
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from llmready import bootstrap
from llmready.adapters.s3 import S3Archives
from llmready.domain.errors import TryAgain
from testkit.emulator import Place

CONTENT = b"PK\x03\x04 an archive"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "out.zip"
    path.write_bytes(CONTENT)
    return path


def test_file_is_stored_unchanged(either: Place, archive: Path) -> None:
    either.archives.store(archive, "generations/u/g/1.zip", SHA256)
    found = either.s3.get_object(Bucket=either.name, Key="generations/u/g/1.zip")
    assert (found["Body"].read(), found["ContentType"]) == (CONTENT, "application/zip")


def test_large_file_is_stored_unchanged(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    path.write_bytes(bytes(range(256)) * 40_000)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    place.archives.store(path, "generations/u/g/1.zip", sha256)
    body = place.s3.get_object(Bucket=place.name, Key="generations/u/g/1.zip")["Body"].read()
    assert hashlib.sha256(body).hexdigest() == sha256


def test_file_with_a_wrong_hash_is_refused(place: Place, archive: Path) -> None:
    with pytest.raises(TryAgain):
        place.archives.store(archive, "generations/u/g/1.zip", "0" * 64)
    assert place.stored_keys() == []


def test_all_files_of_a_generation_are_deleted_and_no_others(either: Place, archive: Path) -> None:
    for key in ("generations/u/g/1.zip", "generations/u/g/2.zip", "generations/u/g2/1.zip"):
        either.archives.store(archive, key, SHA256)
    either.archives.delete_all("generations/u/g/")
    either.archives.delete_all("generations/u/g/")
    assert either.stored_keys() == ["generations/u/g2/1.zip"]


def test_failed_deletion_of_a_file_is_an_error(either: Place, archive: Path) -> None:
    either.archives.store(archive, "generations/u/g/1.zip", SHA256)

    def refuse(parsed: dict[str, object], **_: object) -> None:
        parsed["Errors"] = [{"Key": "generations/u/g/1.zip", "Code": "InternalError"}]

    either.s3.meta.events.register("after-call.s3.DeleteObjects", refuse)
    with pytest.raises(TryAgain):
        either.archives.delete_all("generations/u/g/")


def test_missing_bucket_is_retried(either: Place, archive: Path) -> None:
    missing = S3Archives(either.s3, f"{either.name}-missing")
    with pytest.raises(TryAgain):
        missing.store(archive, "generations/u/g/1.zip", SHA256)
    with pytest.raises(TryAgain):
        missing.delete_all("generations/u/g/")


def test_a_download_is_named_and_ends_in_time(place: Place, archive: Path) -> None:
    place.archives.store(archive, "generations/u/g/1.zip", SHA256)
    url = place.archives.download_url("generations/u/g/1.zip", filename="llmready_a_1.zip", seconds=2)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["2"]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == CONTENT
        assert answer.headers["Content-Disposition"] == 'attachment; filename="llmready_a_1.zip"'
        assert answer.headers["Content-Type"] == "application/zip"
    assert _status(url.replace("/g/1.zip", "/g/2.zip")) == 403
    time.sleep(2.1)
    assert _status(url) == 403


def _status(url: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    refused.value.close()
    return refused.value.code


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "eu-central-2", "ap-southeast-3", "me-central-1"]
)
def test_a_presigned_url_names_the_bucket_and_the_region(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The global endpoint redirects for new buckets outside us-east-1, and lacks regions opened after 2019."""
    for name, value in {
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.Session(region_name=region).client("s3", config=bootstrap._S3_CONFIG)
    url = urlsplit(
        S3Archives(client, "a-bucket").download_url("generations/u/g/1.zip", filename="a.zip", seconds=60)
    )
    assert url.netloc == f"a-bucket.s3.{region}.amazonaws.com"
    assert url.path == "/generations/u/g/1.zip"
    assert f"/{region}/s3/aws4_request" in parse_qs(url.query)["X-Amz-Credential"][0]
