"""What the Firecrawl-compatible endpoint needs beside starting a generation: its cache and its texts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from llmready.domain.errors import Conflict, DomainError, TryAgain
from llmready.domain.file_index import LLMS_FULL, LLMS_TXT
from llmready.domain.generation import Generation, Status
from llmready.domain.user import User
from llmready.domain.website import canonical_url, public_url
from llmready.services import Services
from llmready.usecases.archive_files import content_of, index_of
from llmready.usecases.download import readable_archive

LARGEST_TEXTS = 5_000_000
"""Bytes of the texts that one answer carries."""

_FRESH = timedelta(hours=24)
_LOOKED_AT = 10  # newest completed generations that are searched for a fresh one


class Texts(NamedTuple):
    """The texts of a completed generation. ``full`` is None if it was not requested."""

    llms_txt: str
    full: str | None


def fresh_generation(
    services: Services, user_id: str, url: str, max_urls: int, account: Callable[[User | None], User]
) -> str | None:
    """Return the ID of a completed generation that may answer a start, or None.

    Args:
        services: The process's services.
        user_id: ID of the user who starts.
        url: URL as the client wrote it.
        max_urls: Maximum number of pages that the client requested; the plan's limit also applies.
        account: Returns the account if the credentials are still valid for it, or raises Unauthenticated.

    Raises:
        Invalid: The URL is not a public website.
        Unauthenticated: The account does not exist any more.
    """
    canonical = canonical_url(public_url(url, allowed_hosts=services.settings.allowed_hosts))
    snapshot = services.generations.start_snapshot_by_url(user_id, canonical)
    user = account(snapshot.user)
    if snapshot.website is None:
        return None
    time = services.clock()
    wanted = min(max_urls, user.plan.pages_per_generation)
    completed = services.generations.history(
        user_id, limit=_LOOKED_AT, website_id=snapshot.website.id, status=Status.COMPLETED
    ).items
    for generation in completed:
        fresh = generation.completed_at is not None and time - generation.completed_at < _FRESH
        if fresh and generation.settings.max_pages >= wanted and generation.can_download(time):
            return generation.id
    return None


def texts_of(services: Services, generation: Generation, *, full: bool) -> Texts | str:
    """Return the texts of a completed generation, or a sentence why they cannot be given.

    Args:
        services: The process's services.
        generation: A completed generation.
        full: Whether llms-full.txt is wanted as well.

    Raises:
        TryAgain: The bucket cannot be reached.
    """
    try:
        archive = readable_archive(services, generation)
        index = index_of(services.archives, generation, archive)
        wanted = [index.file(name) for name in (LLMS_TXT, *((LLMS_FULL,) if full else ()))]
        files = [file for file in wanted if file is not None]
        if sum(file.bytes for file in files) > LARGEST_TEXTS:
            return too_large(generation)
        texts = [content_of(services.archives, archive, file).decode(errors="replace") for file in files]
    except TryAgain:
        raise
    except DomainError as error:
        return error.detail
    return Texts(texts[0] if texts else "", texts[1] if len(texts) > 1 else None)


def too_large(generation: Generation) -> str:
    """Return the sentence for texts that do not fit into an answer."""
    return (
        "The result is too large for one answer (about 5 MB). Download the files instead: "
        f"GET /api/v1/generations/{generation.id}/download."
    )


def texts_expire_at(generation: Generation) -> datetime:
    """Return when the files of a generation expire, or would if it completed now."""
    if generation.expires_at is not None:
        return generation.expires_at
    return generation.created_at + timedelta(days=generation.files_kept_days)


def running_id(conflict: Conflict) -> str | None:
    """Return the ID of the running generation that prevents a start, or None for another conflict."""
    if conflict.code != "generation_in_progress":
        return None
    return str(conflict.extra["generation_id"])
