"""Where crawls were, kept in S3 between two attempts at one generation.

All of it only saves work: whatever is missing or out of reach, the crawl begins anew.
"""

import os
import shutil
import stat
import threading
from pathlib import Path

from llmready.domain.errors import DomainError
from llmready.domain.generation import Generation, checkpoint_key
from llmready.observability import logger
from llmready.ports.files import Archives
from llmready.worker.left_behind import sha256_of

MOST_BYTES = 200_000_000


class Checkpoints:
    """Checkpoints of generations, one key an attempt, so that no worker writes what another reads."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._storing = threading.Lock()

    def bring(self, generation: Generation, folder: Path) -> Path | None:
        """Write the checkpoint of the last attempt that left one into a folder that the crawler can only read."""
        path = folder / "resume"
        for fence in range(generation.fence - 1, 0, -1):
            key = checkpoint_key(generation.user_id, generation.id, fence)
            try:
                if self._archives.fetch(key, path, most=MOST_BYTES):
                    path.chmod(0o444)
                    return path
            except (DomainError, OSError) as error:
                logger.warning("checkpoint not brought", reason=str(error))
                return None
        return None

    def keep(self, generation: Generation, checkpoint: Path, folder: Path) -> None:
        """Store a checkpoint that a crawler wrote, by way of a copy in a folder that it cannot write."""
        copy = folder / "checkpoint"
        key = checkpoint_key(generation.user_id, generation.id, generation.fence)
        with self._storing:
            try:
                _copy(checkpoint, copy)
                self._archives.store(copy, key, sha256_of(copy))
            except FileNotFoundError:
                return
            except (DomainError, OSError, ValueError) as error:
                logger.warning("checkpoint not kept", reason=str(error))

    def forget(self, generation: Generation) -> None:
        """Remove what the attempts at an ended generation left."""
        keys = [
            checkpoint_key(generation.user_id, generation.id, fence)
            for fence in range(1, generation.fence + 1)
        ]
        with self._storing:  # one that is on its way would come after this
            try:
                self._archives.delete(keys)
            except DomainError:
                logger.warning("checkpoints not removed; they vanish after a day")


def _copy(file: Path, copy: Path) -> None:
    """Copy a plain file. Its name may lead elsewhere at any moment, so what was opened is looked at."""
    opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as source, copy.open("wb") as target:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_size > MOST_BYTES:
            raise ValueError("it is no plain file of a fitting size")
        shutil.copyfileobj(source, target)
