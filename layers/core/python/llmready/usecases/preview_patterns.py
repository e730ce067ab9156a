"""Show which of the pages that the last generation found match include and exclude patterns."""

import gzip
import time
import zlib
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from llmready.domain.errors import Conflict, Invalid
from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import found_key
from llmready.domain.website import Website, refuse_large_patterns
from llmready.patterns import Patterns
from llmready.services import Services
from llmready.usecases.archive_files import stored_index

_EXAMPLES = 20
_LARGEST = 20_000_000  # bytes
_MOST_FOUND = 200_000  # a crawl knows at most 50,000 URLs
# The request has 15 s. Matching gets less, because each second is a second of the account's concurrent executions.
_SECONDS = 4.0


class Preview(NamedTuple):
    """How many pages patterns keep and exclude, with the URLs of up to 20 of each."""

    kept: int
    excluded: int
    examples_kept: list[str]
    examples_excluded: list[str]


def preview_patterns(
    services: Services, website: Website, include: Sequence[str], exclude: Sequence[str]
) -> Preview:
    """Match patterns against all page URLs that the website's newest completed generation found.

    Raises:
        Conflict: The website has no completed generation whose pages are known.
        Invalid: The patterns are too large, or matching takes too long.
    """
    refuse_large_patterns(include, exclude, stored=website)
    targets = _found(services, website)
    patterns = Patterns(include, exclude)
    origin = _origin(website.url)
    kept: list[str] = []
    excluded: list[str] = []
    until = time.monotonic() + _SECONDS
    for target in targets:
        # The clock is read for each target, because slow patterns need milliseconds for one long path.
        if time.monotonic() > until:
            raise Invalid(
                "include_patterns", "These patterns take too long to match. Use fewer or shorter patterns."
            )
        (kept if patterns.wants(target) else excluded).append(target)
    return Preview(
        len(kept),
        len(excluded),
        [origin + target for target in kept[:_EXAMPLES]],
        [origin + target for target in excluded[:_EXAMPLES]],
    )


def _found(services: Services, website: Website) -> list[str]:
    newest = services.generations.history(
        website.user_id, limit=1, website_id=website.id, status=Status.COMPLETED
    ).items
    found = _stored(services, newest[0]) if newest else None
    if found is None:
        raise Conflict("no_generation", "Patterns can be previewed after the first completed generation.")
    return found


def _stored(services: Services, generation: Generation) -> list[str] | None:
    key = found_key(generation.user_id, generation.id, generation.fence)
    document = services.archives.read(key)
    if document is not None:
        try:
            # The decompressed size is limited, because a small compressed document can be very large.
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            lines = _limited(unpacker.decompress(document, _LARGEST))
        except (zlib.error, ValueError):
            return None
        return lines.decode(errors="replace").split("\n")[:-1]
    index = stored_index(services.archives, generation)
    if index is None:
        return None
    return [_target(file.url) for file in index.files if file.url is not None]


def packed_found(lines: bytes) -> bytes:
    """Return the document in which a worker stores the paths of found pages, one a line.

    Raises:
        ValueError: There are more lines than a crawl finds.
    """
    return gzip.compress(_limited(lines), mtime=0)


def _limited(lines: bytes) -> bytes:
    # A line of two bytes takes 60 bytes of memory.
    if lines.count(b"\n") > _MOST_FOUND:
        raise ValueError("there are too many lines")
    return lines


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
