"""Compare a crawl's files with those of the website's newest completed generation, before anything is stored."""

from datetime import datetime
from typing import NamedTuple

from llmready.domain.change_summary import ChangeSummary, summarise
from llmready.domain.changes import compare
from llmready.domain.errors import TryAgain
from llmready.domain.file_index import FileIndex
from llmready.domain.generation import Generation, Trigger
from llmready.domain.generation_files import outlives_bucket
from llmready.services import Services
from llmready.usecases.archive_files import stored_index


class Earlier(NamedTuple):
    """The newest completed generation before a crawl, with the index of its archive."""

    generation: Generation
    files: FileIndex


class Comparison(NamedTuple):
    """How the files of a crawl differ from those of the newest completed generation.

    Attributes:
        changed: Whether they differ; None if that cannot be known.
        summary: The changes, for scheduled runs that have an earlier generation to compare with.
        reusable: The earlier generation whose archive is reused, or None.
    """

    changed: bool | None
    summary: ChangeSummary | None = None
    reusable: Earlier | None = None


def compare_with_last(services: Services, generation: Generation, index: FileIndex | None) -> Comparison:
    """Compare the files of a crawl with those of the website's newest completed generation.

    A scheduled run with the same files needs no archive of its own. If the earlier archive is gone, the run counts as
    changed: it has to store one.

    Args:
        services: The process's services.
        generation: The crawl's generation.
        index: Index of the crawl's archive, or None if it could not be read.

    Raises:
        TryAgain: The comparison of a scheduled run could not be made now.
    """
    scheduled = generation.trigger is Trigger.SCHEDULE
    try:
        earlier = services.generations.completed_before(generation) if index is not None else None
        before = stored_index(services.archives, earlier) if earlier is not None else None
    except TryAgain:
        if scheduled:
            raise
        return Comparison(None)
    if index is None:
        return Comparison(None)
    if earlier is None or before is None:
        return Comparison(changed=True if earlier is None or scheduled else None)
    if scheduled:
        return _compare_scheduled(services, generation, index, Earlier(earlier, before))
    return Comparison(changed=before.hashes != index.hashes)


def _compare_scheduled(
    services: Services, generation: Generation, files: FileIndex, earlier: Earlier
) -> Comparison:
    time = services.clock()
    if earlier.files.hashes != files.hashes or not _is_readable(services, earlier.generation, time):
        return Comparison(changed=True, summary=summarise(compare(earlier.files, files)))
    archive = earlier.generation.archive
    # An archive that the bucket would delete before it expires is replaced by a new one.
    replaced = archive is not None and outlives_bucket(archive.key, until=generation.expiry(time))
    return Comparison(changed=False, reusable=None if replaced else earlier)


def _is_readable(services: Services, earlier: Generation, time: datetime) -> bool:
    """Return whether the archive of an earlier generation is there and may be read."""
    if earlier.archive is None or earlier.error_code is not None or not earlier.can_download(time):
        return False
    return bool(services.archives.read_range(earlier.archive.key, 0, 1))
