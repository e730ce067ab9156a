"""Prepare a page for the store: its facts, and safe Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from llmready.crawler.characters import clean_line
from llmready.crawler.convert.sanitise import clean_markdown, clean_served_text
from llmready.crawler.deadline import in_time, in_time_aside
from llmready.crawler.failures import Code, Failure
from llmready.crawler.model import StoredPage
from llmready.crawler.page.brand import read_brand
from llmready.crawler.page.breadcrumbs import read_breadcrumbs
from llmready.crawler.page.digests import content_digest, variant_digest
from llmready.crawler.page.excerpt import first_headings, first_paragraph, plain
from llmready.crawler.page.html import HtmlPage
from llmready.crawler.page.text import TextPage, read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmready.crawler.fetch.response import Response
    from llmready.crawler.urls import Url

LONGEST_FACT = 1000
"""Characters of a title, heading, description or site name that are kept."""

LARGE = 250_000
"""Characters of Markdown from which a page is prepared in a thread: cleaning 4 MB may take two seconds."""

T = TypeVar("T")


class PreparedPage(NamedTuple):
    """A page in the form for the store. `variant` is equal for translations with the same text.

    It is empty for other pages.
    """

    page: StoredPage
    markdown: str
    variant: str = ""


async def prepare_aside(
    content: HtmlPage | TextPage, url: Url, depth: int, markdown_alternate: Response | None = None
) -> PreparedPage:
    """Prepare a page as `prepare` does.

    A large page is prepared in a thread, so that the crawl continues meanwhile.
    Raises: Failure (empty_page, page_too_slow).
    """
    size = len(content.markdown) if isinstance(content, HtmlPage) else len(content.response.body)
    if markdown_alternate is not None:
        size += len(markdown_alternate.body)
    return await aside_if_large(size, lambda: prepare(content, url, depth, markdown_alternate), url)


def prepare(
    content: HtmlPage | TextPage, url: Url, depth: int, markdown_alternate: Response | None = None
) -> PreparedPage:
    """Prepare a page for the store.

    Args:
        content: The page as it was read.
        url: URL under which the page is stored.
        depth: Number of links from the start page.
        markdown_alternate: The site's own Markdown for an HTML page. It replaces the converted Markdown.

    Raises:
        Failure: The page has no text (empty_page).
    """
    if isinstance(content, TextPage):
        return PreparedPage(*read_text(content.response, url, depth))
    if markdown_alternate is None:
        page, markdown = from_html(content, url, depth)
    else:
        page, markdown = _from_alternate(markdown_alternate, content, url, depth)
    translations = content.relations.translations
    if not translations:
        return PreparedPage(page, markdown)
    first_key = min(url.key, *(other.key for other in translations))
    return PreparedPage(page, markdown, f"{first_key} {variant_digest(page.title, markdown)}")


async def aside_if_large(size: int, read: Callable[[], T], url: Url) -> T:
    """Call a function that reads a page. If the page has at least `LARGE` characters, call it in a thread.

    Args:
        size: Number of characters of the page.
        read: A function without side effects.
        url: URL of the page.

    Returns:
        The result of `read`.

    Raises:
        Failure: The time is over (page_too_slow).
    """
    return in_time(read, url) if size < LARGE else await in_time_aside(read, url)


class ShownText(NamedTuple):
    """The sanitised Markdown, title and description of an HTML page."""

    markdown: str
    title: str
    description: str


def shown_text(content: HtmlPage, url: Url) -> ShownText:
    """Return the sanitised Markdown of an HTML page, its title and its description. Raises: Failure (empty_page)."""
    if content.is_from_mdream:
        # Only the converter writes code and addresses in such a way that all parsers read them alike.
        markdown = clean_served_text(content.markdown, is_markdown=True)
    else:
        markdown = clean_markdown(content.markdown)
    if not markdown.strip():
        raise Failure(Code.EMPTY_PAGE, f"{url} has no text.")
    metadata = content.metadata
    return ShownText(
        markdown, clean_line(metadata.title[:LONGEST_FACT]), clean_line(metadata.description[:LONGEST_FACT])
    )


def from_html(content: HtmlPage, url: Url, depth: int) -> tuple[StoredPage, str]:
    """Return the facts of an HTML page and its sanitised Markdown; see `prepare`. Raises: Failure (empty_page)."""
    markdown, title, description = shown_text(content, url)
    metadata = content.metadata
    page = StoredPage(
        url=url,
        depth=depth,
        title=title,
        heading=clean_line(metadata.heading[:LONGEST_FACT]),
        description=description,
        site_name=clean_line(metadata.site_name[:LONGEST_FACT]),
        # The excerpt replaces a missing description, so a page with a description rarely needs it.
        excerpt="" if plain(description) else clean_line(first_paragraph(markdown)),
        digest=content_digest(title, markdown),
    )
    _add_html_facts(page, content)
    page.headings = first_headings(markdown)
    return page, markdown


def _from_alternate(alternate: Response, content: HtmlPage, url: Url, depth: int) -> tuple[StoredPage, str]:
    page, markdown = read_text(alternate, url, depth)
    metadata = content.metadata
    page.title = page.title or clean_line(metadata.title[:LONGEST_FACT])
    page.site_name = clean_line(metadata.site_name[:LONGEST_FACT])
    page.description = page.description or clean_line(metadata.description[:LONGEST_FACT])
    _add_html_facts(page, content)
    return page, markdown


def _add_html_facts(page: StoredPage, content: HtmlPage) -> None:
    metadata = content.metadata
    page.lang, page.modified, page.page_type = metadata.lang, metadata.modified, metadata.page_type
    page.published, page.topic = metadata.published, clean_line(metadata.topic[:LONGEST_FACT])
    page.offer = clean_line(metadata.offer[:LONGEST_FACT])
    page.canonical = _canonical_elsewhere(content, page.url)
    page.breadcrumbs = read_breadcrumbs(content.source)
    if page.depth == 0:
        page.brands, page.logos, page.tagline = read_brand(content.html)


def _canonical_elsewhere(content: HtmlPage, url: Url) -> str:
    """Return the canonical URL of a page that is served on another host, such as a preview, too.

    A canonical URL with another path is often a template's mistake, such as the front page for all pages.
    """
    canonical = content.metadata.canonical or content.relations.canonical
    if canonical is None or canonical.origin == url.origin:
        return ""
    return str(canonical) if canonical.key == url.key else ""
