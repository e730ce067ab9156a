"""Checkpoints of crawls, stored in S3 between two attempts at one generation.

A checkpoint is optional: without it, an attempt starts from the beginning.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from llmready.domain.errors import DomainError
from llmready.domain.generation import Generation
from llmready.domain.generation_files import checkpoint_key
from llmready.observability import logger
from llmready.ports.files import Archives
from llmready.worker.results import NotAcceptable, Taken

MOST_BYTES = 200_000_000


class Checkpoints:
    """The checkpoints of generations. Each attempt has its own key, so no worker overwrites what another reads."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._storing = threading.Lock()

    def fetch(self, generation: Generation, folder: Path) -> Path | None:
        """Write the newest checkpoint of earlier attempts into a folder that the crawler can only read.

        Returns:
            The file, or None if there is no checkpoint.
        """
        path = folder / "resume"
        for fence in range(generation.fence - 1, 0, -1):
            key = checkpoint_key(generation.user_id, generation.id, fence)
            try:
                if self._archives.fetch(key, path, most=MOST_BYTES):
                    path.chmod(0o444)
                    return path
            except (DomainError, OSError) as error:
                logger.warning("checkpoint not fetched", reason=str(error))
                return None
        return None

    def store(self, generation: Generation, take: Callable[[], Taken]) -> None:
        """Store a checkpoint.

        Args:
            generation: The generation that is being crawled.
            take: Copies the file that the crawler left; called by one thread at a time.
        """
        key = checkpoint_key(generation.user_id, generation.id, generation.fence)
        with self._storing:
            try:
                taken = take()
                self._archives.store(taken.path, key, taken.sha256)
            except FileNotFoundError:
                return
            except (DomainError, OSError, NotAcceptable) as error:
                logger.warning("checkpoint not stored", reason=str(error))

    def remove(self, generation: Generation) -> None:
        """Remove the checkpoints of an ended generation."""
        keys = [
            checkpoint_key(generation.user_id, generation.id, fence)
            for fence in range(1, generation.fence + 1)
        ]
        with self._storing:  # wait for a store in progress, so that no checkpoint is stored after this
            try:
                self._archives.delete(keys)
            except DomainError:
                logger.warning("checkpoints not removed; orphaned checkpoints expire after one day")
