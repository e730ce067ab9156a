"""Decide whether a page must be rendered in a browser. Most pages contain their text in the HTML."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.browser.signs import SCRIPTS
from llmready.crawler.failures import Code, Failure
from llmready.crawler.page.outermost import innermost, outermost
from llmready.crawler.page.parse_limits import is_sane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

LITTLE_TEXT = 200
"""Characters of text below which a page with scripts counts as an empty shell."""

MUCH_TEXT = 1000
"""Characters of text from which a page counts as complete, even if it asks for JavaScript."""

_NO_TEXT = "script, style, noscript, template, svg, iframe, object, [hidden]"
_AROUND = "nav, header, footer, aside, form, [role=navigation], [role=banner], [role=contentinfo]"
_MAIN = "main, [role=main], article, #content, #main"
_APP_ROOTS = (
    "#root, #app, #__next, #__nuxt, #___gatsby, #svelte, #q-app, #ember-app, #react-root, #app-root, #mount"
    ", #docsify, app-root, my-app, [ng-app], [data-ng-app], [data-reactroot], [data-v-app], [data-server-rendered]"
)
_LATER = '[hx-trigger~="load"], turbo-frame[src], include-fragment[src], [data-turbo-src]'
_NEEDS = re.compile(
    r"(?:enable|activate|turn on|allow|requires?|needs?|without|disabled|support)\b.{0,40}\bjava\s?script"
    r"|java\s?script\b.{0,60}\b(?:enabled?|disabled|required|needed|turned off|to run|to work|aktivieren|activ)",
    re.IGNORECASE | re.DOTALL,
)
_SPACE = re.compile(r"\s+")


def needs_browser(html: str) -> bool:
    """Return whether rendering a page may add text that its HTML does not contain.

    A page without scripts needs no rendering. A page with scripts needs it in one of these cases:

    - There is hardly any text outside of navigation, header and footer.
    - The main content, or a well-known root element of applications, is empty.
    - Parts are marked for loading later.
    - There is little text, and `noscript` asks for JavaScript.
    """
    if not is_sane(html):
        return False
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None or tree.css_first(SCRIPTS) is None:
        return False
    asks = any(_NEEDS.search(node.text()) for node in outermost(tree.css("noscript")))
    for node in body.css(_NO_TEXT):
        node.decompose()
    later = any(_length(node) < 40 for node in innermost(body.css(_LATER)))
    # Only the longest ones are compared. None is longer than an element that contains it.
    roots = [_length(node) for node in outermost(body.css(_APP_ROOTS))]
    mains = [_length(node) for node in outermost(body.css(_MAIN))]
    for node in body.css(_AROUND):
        node.decompose()
    size = _length(body)
    if size < LITTLE_TEXT or later:
        return True
    if roots and max(roots) < LITTLE_TEXT and size < MUCH_TEXT:
        return True
    return bool(mains and max(mains) < 40) or (asks and size < MUCH_TEXT)


def _length(node: LexborNode) -> int:
    return len(_SPACE.sub(" ", node.text()).strip())


@contextmanager
def rendering_advised(*, is_on: bool) -> Iterator[None]:
    """Add to the failure of a page without text that rendering may help, unless pages are rendered already."""
    try:
        yield
    except Failure as failure:
        if failure.code != Code.EMPTY_PAGE or is_on:
            raise
        advice = "If the page needs JavaScript, turn on the browser option."
        raise Failure(failure.code, f"{failure.detail} {advice}") from None
