"""Files that a worker stores with an archive: its index, and the page URLs that the crawl found.

They are needed only for reading and comparing. If they cannot be stored, the generation still completes.
"""

import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from llmready.domain.errors import TryAgain
from llmready.domain.file_index import FileIndex, read_index
from llmready.domain.generation import Generation
from llmready.domain.generation_files import found_key, index_key
from llmready.observability import logger
from llmready.services import Services
from llmready.usecases.preview_patterns import packed_found
from llmready.worker.results import NotAcceptable, Taken

LARGEST_FOUND = 20_000_000  # bytes

# The worker has memory for one manifest at a time.
_indexing = threading.Lock()


def index_archive(generation: Generation, archive: Path) -> FileIndex | None:
    """Return the index of an archive; None if the archive cannot be read.

    Args:
        generation: The generation of the archive.
        archive: The worker's own copy of the zip.
    """
    try:
        with _indexing, ZipFile(archive) as opened:
            return read_index(opened, hash_all=True)
    except (
        BadZipFile,
        OSError,
        ValueError,
        TypeError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        logger.warning("archive not indexed", generation_id=generation.id, reason=str(error))
        return None


def store_index(services: Services, generation: Generation, index: FileIndex) -> None:
    """Store the index of the archive that a generation has or refers to."""
    try:
        key = index_key(generation.user_id, generation.id, generation.fence)
        services.archives.put(key, index.model_dump_json(exclude_none=True).encode())
    except (TryAgain, ValueError):
        # A manifest of a crawler that was taken over may hold text that is no UTF-8.
        logger.warning("index not stored", generation_id=generation.id)


def store_found(services: Services, generation: Generation, take: Callable[[], Taken]) -> None:
    """Store the page URLs that a crawl found, for previews of patterns.

    Args:
        services: The process's services.
        generation: The crawl's generation.
        take: Copies the crawler's list of them.
    """
    try:
        packed = packed_found(take().path.read_bytes())
        services.archives.put(found_key(generation.user_id, generation.id, generation.fence), packed)
    except FileNotFoundError:
        return
    except (OSError, ValueError, NotAcceptable, TryAgain) as error:
        logger.warning("found pages not stored", generation_id=generation.id, reason=str(error))
