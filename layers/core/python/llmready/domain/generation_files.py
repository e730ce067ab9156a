"""Where the files of generations are stored: their S3 keys, and the name of a download."""

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta

from llmready.domain.clock import created_at
from llmready.domain.generation import Generation

BUCKET_LIFETIME = timedelta(days=400)
"""The bucket's lifecycle rule deletes every object after this time."""

_MARGIN = timedelta(days=5)


def archive_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of an attempt's archive; no two attempts share one."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.zip"


def owner_of(key: str) -> tuple[str, str]:
    """Return the IDs of the user and the generation that an archive belongs to.

    Raises:
        ValueError: The key is not the key of an archive.
    """
    folder, *ids = key.split("/")
    if folder != "generations" or len(ids) != 3:
        raise ValueError(f"{key} is not the key of an archive")
    return ids[0], ids[1]


def outlives_bucket(key: str, *, until: datetime) -> bool:
    """Return whether the bucket's lifecycle rule may delete an archive before ``until``.

    Args:
        key: Key of the archive. It contains the ID of the generation, and the ID contains the time.
        until: How long the archive is needed.
    """
    _, generation_id = owner_of(key)
    return until > created_at(generation_id) + BUCKET_LIFETIME - _MARGIN


def http_cache_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the HTTP cache of an attempt, for conditional requests of the website's next crawl."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.answers"


def shared_http_cache_key(host: str) -> str:
    """Return the S3 key of the responses of a host that any cache may keep, which all crawls of the host share."""
    return f"shared/{hashlib.sha256(host.encode()).hexdigest()}.answers"


def errors_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the page errors of an attempt."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.errors.json"


def index_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the index of an attempt's archive. It stays when the archive expires."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.index.json"


def found_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the page URLs that an attempt found."""
    return f"{archive_prefix(user_id, generation_id)}{fence}.found.gz"


def extracts_prefix(user_id: str, generation_id: str) -> str:
    """Return the S3 prefix of large files that were extracted from an archive."""
    return f"{archive_prefix(user_id, generation_id)}extract."


def extract_key(user_id: str, generation_id: str, fence: int, path: str) -> str:
    """Return the S3 key of a large file that was extracted from the archive of an attempt."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:32]
    return f"{extracts_prefix(user_id, generation_id)}{fence}.{digest}"


def checkpoint_key(user_id: str, generation_id: str, fence: int) -> str:
    """Return the S3 key of the checkpoint of an attempt. Orphaned checkpoints expire after one day."""
    return f"checkpoints/{user_id}/{generation_id}/{fence}"


def file_keys(generation: Generation) -> list[str]:
    """Return the S3 keys of the files that expire after the days of the plan."""
    return [
        key(generation.user_id, generation.id, fence)
        for fence in range(1, generation.fence + 1)
        for key in (archive_key, http_cache_key)
    ]


def all_keys(generation: Generation) -> list[str]:
    """Return the S3 keys of everything that the attempts at a generation may have stored."""
    return file_keys(generation) + [
        key(generation.user_id, generation.id, fence)
        for fence in range(1, generation.fence + 1)
        for key in (errors_key, index_key, found_key)
    ]


def archive_prefix(user_id: str, generation_id: str) -> str:
    """Return the S3 prefix of all files of a generation."""
    return f"{user_archive_prefix(user_id)}{generation_id}/"


def user_archive_prefix(user_id: str) -> str:
    """Return the S3 prefix of all archives of a user."""
    return f"generations/{user_id}/"


def user_prefixes(user_id: str) -> tuple[str, ...]:
    """Return all S3 prefixes that hold files of a user."""
    return (user_archive_prefix(user_id), f"checkpoints/{user_id}/")


def download_name(website_name: str, generation_id: str) -> str:
    """Return the file name of a download, in ASCII that every file system accepts."""
    ascii_name = unicodedata.normalize("NFKD", website_name).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", ascii_name).strip("-.")[:60].rstrip("-.")
    return f"llmready_{safe or 'website'}_{generation_id}.zip"
