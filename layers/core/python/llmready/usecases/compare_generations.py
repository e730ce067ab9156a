"""Compare a completed generation with an earlier one of the same website."""

from typing import NamedTuple

from llmready.domain.changes import Changes, compare, llms_txt_diff
from llmready.domain.clock import is_id
from llmready.domain.errors import Conflict, Gone, Invalid, NotFound
from llmready.domain.file_index import LLMS_TXT, FileIndex
from llmready.domain.generation import Generation, Status
from llmready.services import Services
from llmready.usecases.archive_files import content_of, index_of, stored_index
from llmready.usecases.download import readable_archive

_LARGEST_COMPARED = 200_000
"""Bytes of an llms.txt that is compared. The crawler writes at most 50,000 characters."""

_MOST_LINES = 10_000
"""Lines of an llms.txt that is compared, because the time of a comparison grows with their square."""


class Comparison(NamedTuple):
    """What changed since an earlier generation.

    Attributes:
        since: ID of the earlier generation.
        changes: What changed.
        llms_txt_diff: Unified diff of the two llms.txt files. None if one of the files has expired or is too large.
    """

    since: str
    changes: Changes
    llms_txt_diff: str | None


def compare_generations(services: Services, generation: Generation, since: str | None) -> Comparison:
    """Return what changed in a generation.

    Args:
        services: The process's services.
        generation: The later generation.
        since: ID of the generation to compare with; None uses the website's previous completed generation.

    Raises:
        Conflict: The generation is not completed.
        Gone: The hashes of one of the two are not known any more.
        Invalid: ``since`` names a generation of another website.
        NotFound: There is no earlier completed generation, or the user has no generation with the ID ``since``.
    """
    if generation.status is not Status.COMPLETED:
        raise Conflict(
            "not_completed", f"The generation is {generation.status}; there is nothing to compare."
        )
    earlier = _earlier(services, generation, since)
    before, after = (_index(services, one) for one in (earlier, generation))
    return Comparison(
        earlier.id, compare(before, after), _diff(services, (earlier, before), (generation, after))
    )


def _earlier(services: Services, generation: Generation, since: str | None) -> Generation:
    none = NotFound("no_earlier_generation", "The website has no completed generation before this one.")
    if since is None:
        found = services.generations.completed_before(generation)
        if found is None:
            raise none
        return found
    found = services.generations.get(generation.user_id, since) if is_id(since) else None
    if found is None:
        raise NotFound("generation_not_found", "There is no such generation.")
    if found.website_id != generation.website_id:
        raise Invalid("since", "This generation belongs to another website.")
    if found.status is not Status.COMPLETED:
        raise none
    return found


def _index(services: Services, generation: Generation) -> FileIndex:
    stored = stored_index(services.archives, generation)
    if stored is not None:
        return stored
    return index_of(services.archives, generation, readable_archive(services, generation))


def _diff(
    services: Services, before: tuple[Generation, FileIndex], after: tuple[Generation, FileIndex]
) -> str | None:
    try:
        texts = [_llms_txt(services, *one) for one in (before, after)]
    except (Gone, Conflict):
        return None
    if any(text.count("\n") > _MOST_LINES for text in texts):
        return None
    names = (f"{before[0].id}/{LLMS_TXT}", f"{after[0].id}/{LLMS_TXT}")
    return llms_txt_diff(texts[0], texts[1], names=names)


def _llms_txt(services: Services, generation: Generation, index: FileIndex) -> str:
    archive = readable_archive(services, generation)
    file = index.file(LLMS_TXT)
    if file is None:
        raise Gone("files_expired", "The archive has no llms.txt.")
    if file.bytes > _LARGEST_COMPARED or file.packed > _LARGEST_COMPARED:
        raise Conflict("file_too_large", "The llms.txt is too large to be compared.")
    return content_of(services.archives, archive, file).decode(errors="replace")
