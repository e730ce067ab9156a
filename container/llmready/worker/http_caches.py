"""HTTP caches of earlier crawls, for conditional requests, and the new caches of a crawl.

They are optional: a crawl continues without caches that are missing or cannot be read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from llmready.domain.errors import DomainError
from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import http_cache_key, shared_http_cache_key
from llmready.observability import logger
from llmready.ports.files import Archives
from llmready.ports.generations import Generations
from llmready.worker.results import NotAcceptable, Taken

MOST_BYTES = 100_000_000


class Fetched(NamedTuple):
    """The cache files for a crawl; None if there is no cache."""

    previous: Path | None = None
    shared: Path | None = None


class HttpCaches:
    """The HTTP caches that are stored between crawls.

    Args:
        generations: Used to find the last generation of a website.
        archives: The bucket with the caches.
        sharing: Whether publicly cacheable responses are shared between all users that crawl a host.
    """

    def __init__(self, *, generations: Generations, archives: Archives, sharing: bool = False) -> None:
        self.sharing = sharing
        self._generations = generations
        self._archives = archives

    def fetch(self, generation: Generation, folder: Path) -> Fetched:
        """Write the caches that a crawl may use into a folder that the crawler can read but not change."""
        previous = self._fetched(lambda: self._last_key(generation), folder / "previous.answers")
        if not self.sharing:
            return Fetched(previous)
        return Fetched(previous, self._fetched(lambda: _shared_key(generation), folder / "others.answers"))

    def store(self, generation: Generation, take: Callable[[], Taken]) -> None:
        """Store the HTTP cache of a crawl with the files of its generation. They are deleted together.

        Args:
            generation: The generation of the crawl.
            take: Copies the file that the crawler left.
        """
        key = http_cache_key(generation.user_id, generation.id, generation.fence)
        self._store(take, key)

    def share(self, generation: Generation, take: Callable[[], Taken]) -> None:
        """Store the HTTP cache that crawls of other users may use (see :meth:`store`)."""
        if self.sharing:
            self._store(take, _shared_key(generation))

    def _last_key(self, generation: Generation) -> str | None:
        completed = self._generations.history(
            generation.user_id, limit=1, website_id=generation.website_id, status=Status.COMPLETED
        ).items
        return http_cache_key(generation.user_id, completed[0].id, completed[0].fence) if completed else None

    def _fetched(self, find_key: Callable[[], str | None], path: Path) -> Path | None:
        try:
            key = find_key()
            if key is None or not self._archives.fetch(key, path, most=MOST_BYTES):
                return None
            path.chmod(0o444)
        except (DomainError, OSError) as error:
            logger.warning("HTTP cache not fetched", reason=str(error))
            return None
        return path

    def _store(self, take: Callable[[], Taken], key: str) -> None:
        try:
            taken = take()
            self._archives.store(taken.path, key, taken.sha256)
        except FileNotFoundError:
            return
        except (DomainError, OSError, NotAcceptable) as error:
            logger.warning("HTTP cache not stored", reason=str(error))


def _shared_key(generation: Generation) -> str:
    parts = urlsplit(generation.website_url)
    return shared_http_cache_key(parts.netloc.lower())
