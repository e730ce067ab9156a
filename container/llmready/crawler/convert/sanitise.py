"""Make Markdown safe to show and to give to a model."""

from __future__ import annotations

from llmready.crawler.characters import clean_text
from llmready.crawler.convert.commonmark import (
    alone,
    has_acting_parts,
    has_foreign_parts,
    without_acting_parts,
)
from llmready.crawler.convert.fences import with_closed_fences


def clean_markdown(markdown: str) -> str:
    """Make the Markdown of a converted page safe.

    Removes invisible characters and unsafe destinations of links and images. The text of these links is kept.
    Closes a code block that is open at the end. Code is not changed. The converter escapes the text of pages,
    so its Markdown should contain no raw HTML. Raw HTML that is still found becomes text.
    """
    text = clean_text(markdown)
    with alone():
        if has_foreign_parts(text):
            text = without_acting_parts(text, "foreign")
    return with_closed_fences(_without_rules_at_ends(text))


def clean_served_text(text: str, *, is_markdown: bool) -> str:
    """Make Markdown or plain text that a site serves itself safe; see `clean_markdown`.

    In Markdown, raw HTML is removed, and its text is kept. In plain text, raw HTML is escaped, so it is
    displayed unchanged. Markdown that Mdream wrote is cleaned as that of a site.
    """
    text = clean_text(text)
    if has_acting_parts(text):
        with alone():
            text = without_acting_parts(text, "drop" if is_markdown else "escape")
    return with_closed_fences(_without_rules_at_ends(text))


def _without_rules_at_ends(text: str) -> str:
    """Remove thematic breaks at the start (they look like front matter) and at the end."""
    text = text.strip("\n")
    start, end = 0, len(text)
    while text.startswith("---\n", start):
        start += 4
        while text.startswith("\n", start):
            start += 1
    while text.endswith("\n---", start, end):
        end -= 4
        while text.endswith("\n", start, end):
            end -= 1
    return text[start:end]
