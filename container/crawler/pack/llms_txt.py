"""llms.txt in the format of llmstxt.org: a name, a summary, sections of links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.frontier.urls import Url
    from crawler.pack.outline import Outline

_ENTITY_LIKE = re.compile(r"&(?=#?\w{1,32};)")


def render_llms_txt(outline: Outline) -> str:
    """Return the text of llms.txt."""
    entries = outline.entries
    count = f"{len(entries)} pages" if len(entries) > 1 else "one page"
    lines = [f"# {escape(outline.site_name)}", "", f"> {escape(outline.summary)}", ""]
    # The format's own parser sees the summary only when a paragraph follows it.
    lines += [f"This index lists {count} of {entries[0].page.url.origin}, by section.", ""]
    for section in outline.sections:
        lines += [f"## {escape(section.title)}", ""]
        for entry in section.entries:
            link = f"- [{escape(entry.title)}]({link_target(entry.page.url)})"
            lines.append(f"{link}: {escape(entry.description)}" if entry.description else link)
        lines.append("")
    return "\n".join(lines)


def escape(text: str) -> str:
    """Write plain text so that Markdown shows it as it is and the format's parsers take it.

    Brackets and angle brackets become entities: the format's own parser ends a title at the first `]`,
    even at one that is escaped with a backslash.
    """
    text = _ENTITY_LIKE.sub("&amp;", text)
    for plain, entity in (("<", "&lt;"), (">", "&gt;"), ("[", "&#91;"), ("]", "&#93;")):
        text = text.replace(plain, entity)
    return text


def link_target(url: Url) -> str:
    """Write a URL so that a link ends where it ends: parentheses are percent-encoded."""
    return str(url).replace("(", "%28").replace(")", "%29")
