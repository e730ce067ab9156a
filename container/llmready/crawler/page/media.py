"""Determine the type of a response: HTML, Markdown, plain text, or not a page."""

from __future__ import annotations

import codecs
import re
from enum import Enum
from typing import TYPE_CHECKING

from llmready.crawler.convert.charset import decode
from llmready.crawler.failures import Code, Failure
from llmready.crawler.page.book_contents import is_book_contents

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MARKDOWN = frozenset({"text/markdown", "text/x-markdown"})
_UNNAMED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_MARKDOWN_PATH = re.compile(r"\.(?:md|markdown|mdown)$", re.IGNORECASE)
_LOOKED_AT = 1024
"""Bytes of a body that are searched for NUL and for a tag."""

_NOT_PAGES = re.compile(
    r"\.(?:7z|aac|apk|avi|avif|bin|bmp|bz2|class|css|csv|deb|dmg|docx?|dvi|eot|epub|exe|flac|gif|gz|ico|img|iso|jar"
    r"|jpe?g|js|json|m4[av]|map|mjs|mobi|mov|mp[34]|mpe?g|msi|od[pst]|og[agv]|otf|pdf|pkg|png|pptx?|ps|rar|rdf|rpm"
    r"|rss|so|svg|tar|tgz|tiff?|ttf|wasm|wav|webm|webp|whl|wm[av]|woff2?|xlsx?|xml|xz|ya?ml|zip|zst)",
    re.IGNORECASE,
)
# Files about the site for programs.
_NOTICES = frozenset(
    f"/{name}.txt"
    for name in (
        "robots",
        "llms",
        "llms-full",
        "llms-small",
        "humans",
        "ads",
        "app-ads",
        "security",
        "sitemap",
    )
)
_FORMATS = (b"%PDF-", b"PK\x03\x04", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8")
"""First bytes of files that some servers label as HTML."""
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROLS = 0.03
"""Greatest share of control characters in text. Compressed data has about 10 %."""


class Media(Enum):
    """Kinds of responses."""

    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    OTHER = "other"
    BINARY = "binary"


def is_page(response: Response) -> bool:
    """Return whether a response may be a page, judged by its headers."""
    kind = response.content_type
    return (
        kind in _HTML
        or is_book_contents(response.url.path)
        or kind in _MARKDOWN
        or kind in ("", "text/plain")
        or (kind in _UNNAMED and _MARKDOWN_PATH.search(response.url.path) is not None)
    )


def is_markdown(response: Response) -> bool:
    """Return whether the media type of a response is Markdown."""
    return response.content_type in _MARKDOWN


def media_of(response: Response) -> Media:
    """Determine the type of a response from its headers, its path and its body.

    The path counts, because many servers label Markdown as plain text or not at all. The body counts, because
    many servers label binary files as plain text.
    """
    kind, head = response.content_type, response.body[:_LOOKED_AT]
    if head.startswith(_FORMATS):
        return Media.OTHER
    if kind in _HTML or is_book_contents(response.url.path):
        return Media.BINARY if _is_binary(response) else Media.HTML
    if not is_page(response) or b"\0" in head:
        return Media.OTHER
    if kind in _MARKDOWN or _MARKDOWN_PATH.search(response.url.path):
        return Media.MARKDOWN
    if kind == "text/plain":
        return Media.TEXT
    return Media.HTML if _looks_like_html(head) else Media.OTHER


def _is_binary(response: Response) -> bool:
    """Return whether a body is neither markup nor text, for example because it is still compressed.

    NUL does not count, because browsers show HTML that contains it.
    """
    text = decode(response.body[:_LOOKED_AT], response.stated_type).lstrip("\ufeff\0 \t\r\n\f")
    return text[:1] != "<" and len(_CONTROLS.findall(text)) > len(text) * _MOST_CONTROLS


def _looks_like_html(head: bytes) -> bool:
    """Return whether a body without a type is HTML, judged by its first bytes. Data for programs may contain tags."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"{", b"[", b"<?xml", b"<svg", b"<rss", b"<feed")):
        return b"<html" in start
    return b"<" in start


def not_a_page(response: Response, media: Media) -> Failure:
    """Return the failure of a response whose media type is OTHER or BINARY."""
    kind = response.content_type[:100] or "something unnamed"
    if media is Media.BINARY:
        detail = f"{response.url} sends binary data, although its media type is {kind}."
        return Failure(Code.BAD_ENCODING, detail)
    return Failure(Code.NOT_HTML, f"{response.url} is not a page; its media type is {kind}.")


def is_page_path(path: str) -> bool:
    """Return whether a path may be a page, judged by its extension."""
    # Sphinx puts the source text of each page into `_sources`.
    if path in _NOTICES or "/_sources/" in path:
        return False
    dot = path.rfind(".", path.rfind("/") + 1)
    return dot == -1 or is_book_contents(path) or _NOT_PAGES.fullmatch(path, dot) is None
