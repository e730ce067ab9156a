"""Download the files of a generation."""

from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.archive import Archive, ScanResult
from llmready.domain.errors import Conflict, Gone, NotFound
from llmready.domain.generation import MALWARE_FOUND, Generation
from llmready.domain.generation_files import download_name
from llmready.services import Services

URL_SECONDS = 15 * 60


class Download(NamedTuple):
    """A presigned URL of the files, and when it expires."""

    url: str
    expires_at: datetime
    file_size: int
    sha256: str


def download(services: Services, generation: Generation) -> Download:
    """Create a presigned URL for the files of a generation. The URL is never stored.

    Raises:
        Conflict: The generation has no files (yet), or the malware scan has not passed them (yet).
        Gone: The files have expired, or were withdrawn.
    """
    archive = readable_archive(services, generation)
    name = download_name(generation.website_name, generation.id)
    url = services.archives.download_url(archive.key, filename=name, seconds=URL_SECONDS)
    expires_at = services.clock() + timedelta(seconds=URL_SECONDS)
    return Download(url, expires_at, archive.file_size, archive.sha256)


def readable_archive(services: Services, generation: Generation) -> Archive:
    """Return the archive of a generation if its files may be read now.

    Raises:
        Conflict: The generation has no files (yet), or the malware scan has not passed them (yet).
        Gone: The files have expired, or were withdrawn.
    """
    time = services.clock()
    if generation.error_code == MALWARE_FOUND.code:
        raise Gone(MALWARE_FOUND.code, MALWARE_FOUND.message)
    if generation.is_expired(time):
        raise Gone("files_expired", "The files of this generation have expired and were deleted.")
    if generation.archive is None or not generation.can_download(time):
        raise Conflict(
            "not_completed", f"The generation is {generation.status}; there is nothing to download."
        )
    if services.settings.malware_scan:
        try:
            result = services.archives.scan_result(generation.archive.key)
        except NotFound:
            raise Gone(
                "files_expired",
                "The files of this generation no longer exist; start a new generation, or wait for the next"
                " scheduled run.",
            ) from None
        _refuse_unless_clean(result)
    return generation.archive


def _refuse_unless_clean(result: ScanResult | None) -> None:
    if result is None:
        raise Conflict(
            "scan_pending", "The files are being scanned for malware; please try again in a minute."
        )
    if result is ScanResult.INFECTED:
        raise Gone(MALWARE_FOUND.code, MALWARE_FOUND.message)
    if result is not ScanResult.CLEAN:
        raise Conflict(
            "scan_failed", "The files could not be scanned for malware, so they cannot be downloaded."
        )
