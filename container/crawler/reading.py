"""From an answer to a page of the result: decode, read, convert, make safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.convert.charset import decode
from crawler.convert.excerpt import first_paragraph
from crawler.convert.facts import iso_date
from crawler.convert.page import read_page
from crawler.convert.sanitise import clean_line, clean_markdown
from crawler.convert.shape import check_shape
from crawler.failures import Code, Failure
from crawler.pack.store import StoredPage, content_digest
from crawler.signposts import read_crumbs, read_signs

if TYPE_CHECKING:
    from crawler.convert.converter import Converter
    from crawler.convert.page import Page
    from crawler.fetch.fetcher import Response
    from crawler.frontier.urls import Url

LONGEST_FACT = 1000
"""Characters kept of a title or description; a page may write a novel there."""


def read_answer(response: Response) -> Page:
    """Decode an HTML answer and read what it says about itself. Raises: Failure (page_too_large)."""
    return read_rendered(response, decode(response.body, response.headers.get("Content-Type", "")))


def read_rendered(response: Response, html: str) -> Page:
    """Read what an answer says about itself, its HTML as a browser made it. Raises: Failure (page_too_large)."""
    check_shape(html)
    # aiohttp's headers may repeat; each X-Robots-Tag counts.
    rules = ",".join(value for name, value in response.headers.items() if name.lower() == "x-robots-tag")
    page = read_page(html, response.url, rules)
    page.modified = page.modified or iso_date(response.headers.get("Last-Modified", ""))
    return page


async def convert_page(facts: Page, url: Url, depth: int, converter: Converter) -> tuple[StoredPage, str]:
    """Convert a page to safe Markdown.

    Parameters: `facts`, with its HTML; `url`, where it lies; `depth`, links from the start; `converter`.
    Returns: the page's facts and its Markdown. Raises: Failure (empty_page, converter_failed).
    """
    crumbs, signs = read_crumbs(facts), read_signs(facts) if depth == 0 else ()
    raw = await converter.convert(facts.html, str(facts.base))
    markdown = clean_markdown(raw)
    if not markdown.strip():
        raise Failure(
            Code.EMPTY_PAGE,
            f"{url} has no text; a page that needs JavaScript needs the browser option.",
        )
    title = clean_line(facts.title[:LONGEST_FACT])
    page = StoredPage(
        url=url,
        depth=depth,
        title=title,
        heading=clean_line(facts.heading[:LONGEST_FACT]),
        description=clean_line(facts.description[:LONGEST_FACT]),
        site_name=clean_line(facts.site_name[:LONGEST_FACT]),
        excerpt=clean_line(first_paragraph(markdown)),
        digest=content_digest(title, markdown),
        lang=facts.lang,
        modified=facts.modified,
        crumbs=crumbs,
        signs=signs,
    )
    return page, markdown
