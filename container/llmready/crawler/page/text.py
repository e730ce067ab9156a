"""Read a page that the site serves as Markdown or plain text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmready.crawler.characters import clean_line, clean_text
from llmready.crawler.convert.charset import decode
from llmready.crawler.convert.sanitise import clean_served_text
from llmready.crawler.failures import Code, Failure
from llmready.crawler.model import StoredPage
from llmready.crawler.page.digests import content_digest
from llmready.crawler.page.excerpt import first_paragraph
from llmready.crawler.page.index_pointer import without_index_pointer
from llmready.crawler.page.last_change import last_change
from llmready.crawler.page.media import Media, media_of
from llmready.crawler.page.meta_tags import iso_date, language
from llmready.crawler.urls import Url, join

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response

MAX_LINKS = 5000
"""Link targets of one page that are followed."""

_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(.{0,20000}?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_FACT = re.compile(r"^(title|description|lang|last_updated):[ \t]*(\S.{0,999})$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#[ \t]+(\S[^\n]{0,999})$", re.MULTILINE)
_LINK = re.compile(
    r"\]\(\s{0,3}<?([^()<>\s]{1,2000}(?:\([^()\s]{0,200}\)[^()<>\s]{0,2000})?)|<(https?://[^<>\s]{1,2000})>"
)
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]\n]{1,200}\]:[ \t]*<?(\S{1,2000}?)>?(?:[ \t]|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TextPage:
    """A page in Markdown or plain text: its response, and the targets of its links, each once."""

    response: Response
    links: list[Url]


def read_text_page(response: Response) -> TextPage:
    """Read the links of a response in Markdown; plain text has none."""
    return TextPage(response, _links(response))


def read_text(response: Response, url: Url, depth: int) -> tuple[StoredPage, str]:
    """Return the facts and the sanitised text of a response in Markdown or plain text.

    A front matter gives title, description, language and last change. It is removed, because the archive writes its
    own.

    Args:
        response: Response in Markdown or plain text.
        url: URL under which the page is stored.
        depth: Number of links from the start page.

    Raises:
        Failure: The page has no text (empty_page).
    """
    text = clean_text(decode(response.body, response.stated_type))
    is_markdown = media_of(response) is Media.MARKDOWN
    facts: dict[str, str] = {}
    front = _FRONT_MATTER.match(text) if is_markdown else None
    if front:
        facts = {name: _value(value) for name, value in _FACT.findall(front[1])}
        text = text[front.end() :]
    if is_markdown:
        text = without_index_pointer(text)
    text = clean_served_text(text, is_markdown=is_markdown)
    found = _HEADING.search(text) if is_markdown else None
    heading = clean_line(found[1].rstrip("# ")) if found else ""
    if not text.strip():
        raise Failure(Code.EMPTY_PAGE, f"{response.url} has no text.")
    title = facts.get("title", "") or heading
    page = StoredPage(
        url=url,
        depth=depth,
        title=title,
        heading=heading,
        description=facts.get("description", ""),
        site_name="",
        excerpt=clean_line(first_paragraph(text)),
        digest=content_digest("", text),
        lang=language(facts.get("lang", ""), {}),
        modified=last_change(response, iso_date(facts.get("last_updated", ""))),
    )
    return page, text


def _links(response: Response) -> list[Url]:
    if media_of(response) is not Media.MARKDOWN:
        return []
    text = decode(response.body, response.stated_type)
    targets = [inline or autolink for inline, autolink in _LINK.findall(text)] + _REFERENCE.findall(text)
    links = (join(response.url, target.partition("#")[0]) for target in dict.fromkeys(targets[:MAX_LINKS]))
    return list(dict.fromkeys(link for link in links if link is not None))


def _value(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        try:
            return clean_line(str(json.loads(text)))
        except ValueError:
            return clean_line(text.strip('"'))
    return clean_line(text.strip("'"))
