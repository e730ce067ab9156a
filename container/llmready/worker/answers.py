"""Answers of earlier crawls, brought to a crawl and taken from it: what did not change is not fetched again.

All of it only saves work: whatever is missing or out of reach, the crawl goes on without.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from llmready.domain.errors import DomainError
from llmready.domain.generation import Generation, Status, answers_key, shared_answers_key
from llmready.observability import logger
from llmready.ports.files import Archives
from llmready.ports.generations import Generations
from llmready.worker.left_behind import plain_size, sha256_of

MOST_BYTES = 100_000_000


class Brought(NamedTuple):
    """The files that a crawl is given, as far as there are any."""

    previous: Path | None = None
    shared: Path | None = None


class Answers:
    """Where answers are kept between crawls.

    Args:
        generations: Where the last generation of a website is found.
        archives: Where its answers lie.
        sharing: Whether what any cache may keep is shared between all who crawl a host.
    """

    def __init__(self, *, generations: Generations, archives: Archives, sharing: bool = False) -> None:
        self.sharing = sharing
        self._generations = generations
        self._archives = archives

    def bring(self, generation: Generation, folder: Path) -> Brought:
        """Write what a crawl may use into a folder, which the crawler can read but not change."""
        previous = self._fetched(lambda: self._last_key(generation), folder / "previous.answers")
        if not self.sharing:
            return Brought(previous)
        return Brought(previous, self._fetched(lambda: _shared_key(generation), folder / "others.answers"))

    def keep(self, generation: Generation, answers: Path) -> None:
        """Store the answers of a crawl with its generation, under whose files they are removed, too."""
        key = answers_key(generation.user_id, generation.id, generation.fence)
        self._store(answers, key)

    def share(self, generation: Generation, answers: Path) -> None:
        """Store what others may use."""
        if self.sharing:
            self._store(answers, _shared_key(generation))

    def _last_key(self, generation: Generation) -> str | None:
        completed = self._generations.history(
            generation.user_id, limit=1, website_id=generation.website_id, status=Status.COMPLETED
        ).items
        return answers_key(generation.user_id, completed[0].id, completed[0].fence) if completed else None

    def _fetched(self, find_key: Callable[[], str | None], path: Path) -> Path | None:
        try:
            key = find_key()
            if key is None or not self._archives.fetch(key, path, most=MOST_BYTES):
                return None
            path.chmod(0o444)
        except (DomainError, OSError) as error:
            logger.warning("answers not brought", reason=str(error))
            return None
        return path

    def _store(self, answers: Path, key: str) -> None:
        try:
            if plain_size(answers) <= MOST_BYTES:
                self._archives.store(answers, key, sha256_of(answers))
        except FileNotFoundError:
            return
        except (DomainError, OSError, ValueError) as error:
            logger.warning("answers not kept", reason=str(error))


def _shared_key(generation: Generation) -> str:
    parts = urlsplit(generation.website_url)
    return shared_answers_key(parts.netloc.lower())
