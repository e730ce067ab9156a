"""From an answer to a page of the result: read, made safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmready.crawler.convert.charset import in_utf8
from llmready.crawler.convert.sanitise import clean_line, clean_markdown
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.http_cache import all_of
from llmready.crawler.pack.descriptions import plain
from llmready.crawler.page.excerpt import first_paragraph
from llmready.crawler.page.meta_tags import iso_date
from llmready.crawler.page.metadata import read_page
from llmready.crawler.page.navigation import read_crumbs, read_signs
from llmready.crawler.store.pages import StoredPage, content_digest

if TYPE_CHECKING:
    from llmready.crawler.convert.node_child import Converter
    from llmready.crawler.fetch.client import Response
    from llmready.crawler.page.metadata import Page
    from llmready.crawler.urls import Url

LONGEST_FACT = 1000
"""Characters kept of a title or description; a page may write a novel there."""


async def read_answer(response: Response, converter: Converter) -> Page:
    """Read what an HTML answer says about itself, and its text. Raises: Failure (converter_failed)."""
    return await _read(response, in_utf8(response.body, response.headers.get("Content-Type", "")), converter)


async def read_rendered(response: Response, html: str, converter: Converter) -> Page:
    """Read an answer whose HTML is as a browser made it; see `read_answer`. Raises: Failure (converter_failed)."""
    return await _read(response, html.encode("utf-8", errors="replace"), converter)


async def _read(response: Response, source: bytes, converter: Converter) -> Page:
    told, markdown = await converter.read(source, str(response.url))
    rules = all_of(response.headers, "X-Robots-Tag")
    page = read_page(told, response.url, source=source, markdown=markdown, robots_header=rules)
    page.modified = page.modified or iso_date(response.headers.get("Last-Modified", ""))
    return page


def kept_page(facts: Page, url: Url, depth: int) -> tuple[StoredPage, str]:
    """Return what is kept of a page: its facts, and its Markdown, made safe.

    Parameters: `facts`; `url`, where it lies; `depth`, links from the start. Raises: Failure (empty_page).
    """
    markdown = clean_markdown(facts.markdown)
    if not markdown.strip():
        raise Failure(
            Code.EMPTY_PAGE,
            f"{url} has no text; a page that needs JavaScript needs the browser option.",
        )
    title = clean_line(facts.title[:LONGEST_FACT])
    description = clean_line(facts.description[:LONGEST_FACT])
    page = StoredPage(
        url=url,
        depth=depth,
        title=title,
        heading=clean_line(facts.heading[:LONGEST_FACT]),
        description=description,
        site_name=clean_line(facts.site_name[:LONGEST_FACT]),
        # A page that says what it is about is hardly ever asked for it.
        excerpt="" if plain(description) else clean_line(first_paragraph(markdown)),
        digest=content_digest(title, markdown),
        lang=facts.lang,
        modified=facts.modified,
        crumbs=read_crumbs(facts.source),
        signs=read_signs(facts) if depth == 0 else (),
    )
    return page, markdown
