"""Find what a viewer would execute or open when it shows Markdown with raw HTML, by five parsers."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from testkit.github_addresses import with_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELEMENTS = {
    *"html head body p h1 h2 h3 h4 h5 h6 a b i em strong code pre ul ol li blockquote hr br img".split(),  # noqa: SIM905
    *"table thead tbody tr th td sup sub del s kbd details summary section input".split(),  # noqa: SIM905
}
_ATTRIBUTES = {
    *"href src alt title class start style align type checked disabled id aria-label lang".split(),  # noqa: SIM905
    *"data-footnotes data-footnote-ref data-footnote-backref data-footnote-backref-idx".split(),  # noqa: SIM905
}


def living(markdown: str) -> list[str]:
    """Return the active parts of Markdown."""
    return [part for rendered in _renderings(markdown) for part in living_in(rendered)]


def _renderings(markdown: str) -> Iterator[str]:
    """Yield the HTML of Markdown: plain CommonMark, with tables, with bare addresses, by GitHub's parser."""
    for extensions in ([], ["table", "strikethrough"]):
        yield _reader(extensions).render(markdown)
    yield with_addresses(_reader(["table", "strikethrough"])).render(markdown)
    yield cmarkgfm.markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    yield cmarkgfm.github_flavored_markdown_to_html(
        markdown, options=Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    )


def _reader(extensions: list[str]) -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": True}).enable(extensions)
    reader.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 - the worst there is
    return reader


def living_in(rendered: str) -> list[str]:
    """Return the elements and attributes of rendered Markdown that a viewer would execute or open."""
    found = []
    for node in LexborHTMLParser(rendered).css("*"):
        if node.tag not in _ELEMENTS:
            found.append(f"<{node.tag}>")
        for name, value in node.attributes.items():
            if name not in _ATTRIBUTES or (name == "style" and not (value or "").startswith("text-align:")):
                found.append(f"{node.tag} {name}={value}")
            if name in ("href", "src") and not _is_safe(value or ""):
                found.append(f"{node.tag} {name}={value}")
    return found


def _is_safe(address: str) -> bool:
    plain = re.sub(r"[\s\x00-\x20]+", "", html.unescape(unquote(address))).lower()
    scheme = re.match(r"[a-z][a-z0-9+.\-]*:", plain)
    return scheme is None or scheme[0] in ("http:", "https:", "ftp:", "mailto:", "tel:")
