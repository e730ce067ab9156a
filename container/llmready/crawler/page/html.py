"""Read an HTML response: convert it, and read its metadata and relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmready.crawler.convert.charset import to_utf8
from llmready.crawler.deadline import in_time
from llmready.crawler.fetch.response import all_values
from llmready.crawler.page.book_contents import contents_in, is_book_contents
from llmready.crawler.page.last_change import last_change
from llmready.crawler.page.metadata import PageMetadata, read_metadata
from llmready.crawler.page.relations import Relations, read_relations

if TYPE_CHECKING:
    from llmready.crawler.convert.node_child import Converter
    from llmready.crawler.convert.raw_facts import RawFacts
    from llmready.crawler.fetch.response import Response


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """An HTML page: its source in UTF-8, its Markdown before sanitising, its metadata and its alternates.

    `is_from_mdream`: whether Mdream wrote the Markdown.
    """

    source: bytes
    markdown: str
    metadata: PageMetadata
    relations: Relations
    is_from_mdream: bool = False

    @property
    def html(self) -> str:
        """The source as text."""
        return self.source.decode("utf-8", errors="replace")


async def read_html(response: Response, converter: Converter) -> HtmlPage:
    """Read an HTML response. Raises: Failure (converter_failed, page_too_slow)."""
    source = in_time(lambda: _source(response), response.url)
    return await _read(response, source, converter)


async def read_rendered(response: Response, html: str, converter: Converter) -> HtmlPage:
    """Read a page as the browser rendered it.

    Args:
        response: Response that the browser rendered.
        html: The rendered document.
        converter: The converter, which was started.

    Raises:
        Failure: The page cannot be converted (converter_failed) or takes too long (page_too_slow).
    """
    return await _read(response, html.encode("utf-8", errors="replace"), converter)


async def _read(response: Response, source: bytes, converter: Converter) -> HtmlPage:
    raw, markdown = await converter.read(source, str(response.url))
    metadata, relations = in_time(lambda: _facts(response, raw), response.url)
    return HtmlPage(source, markdown, metadata, relations, raw.get("is_from_mdream", False))


def _source(response: Response) -> bytes:
    """Return the HTML of a response in UTF-8."""
    source = to_utf8(response.body, response.stated_type)
    if is_book_contents(response.url.path):
        return contents_in(source.decode("utf-8", errors="replace")).encode()
    return source


def _facts(response: Response, raw: RawFacts) -> tuple[PageMetadata, Relations]:
    headers = response.headers
    robots, refresh = all_values(headers, "X-Robots-Tag"), headers.get("Refresh", "")
    metadata = read_metadata(raw, response.url, robots, refresh)
    metadata.modified = last_change(response, metadata.modified)
    return metadata, read_relations(metadata, response)
