"""Downloading the files of a generation."""

from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.errors import Conflict, Gone
from llmready.domain.generation import Generation, download_name
from llmready.ports import Archives

URL_SECONDS = 15 * 60


class Download(NamedTuple):
    """Where the files are, and until when."""

    url: str
    expires_at: datetime
    file_size: int
    sha256: str


def download(generation: Generation, *, archives: Archives, time: datetime) -> Download:
    """Return where the files of a generation can be fetched; the URL is made now and never stored.

    Raises:
        Conflict: It has no files, or not yet.
        Gone: Its files have expired.
    """
    if generation.is_expired(time):
        raise Gone("files_expired", "The files of this generation have expired and were deleted.")
    if generation.archive is None or not generation.can_download(time):
        raise Conflict(
            "not_completed", f"The generation is {generation.status}; there is nothing to download."
        )
    name = download_name(generation.website_name, generation.id)
    url = archives.download_url(generation.archive.key, filename=name, seconds=URL_SECONDS)
    return Download(
        url,
        time + timedelta(seconds=URL_SECONDS),
        generation.archive.file_size,
        generation.archive.sha256,
    )
