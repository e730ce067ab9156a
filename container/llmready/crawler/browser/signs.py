"""Find signs in the HTML of a page with text that scripts add more text.

Such a page is complete for readers who do not scroll, press and wait. Most pages show no sign and need no browser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.browser.labels import LONGEST_LABEL, loads_more
from llmready.crawler.page.outermost import innermost
from llmready.crawler.page.parse_limits import is_sane

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

SCRIPTS = 'script:not([type]), script[type=""], script[type*=javascript i], script[type=module i]'
_CONTROLS = (
    "button, [role=button], input[type=button], a:not([href]), a[href=''], a[href^='#'],"
    " a[href^='javascript:' i], [onclick]"
)
_MARKERS = (
    "[data-infinite-scroll], [data-infinite], [infinite-scroll], [data-infinite-scroll-url], [data-next-page],"
    " [data-next-url], [data-next-page-url], [data-load-more], [data-loadmore], [class*='infinite-scroll' i],"
    " [class*='infinitescroll' i], [class*='infinite-loader' i], [class*='load-more' i], [class*='loadmore' i],"
    " [class*='load_more' i], [id*='load-more' i], [id*='loadmore' i], [id*='infinite-scroll' i],"
    " [class*='scroll-sentinel' i], [id*='scroll-sentinel' i], [class~=sentinel], [id=sentinel], infinite-scroll"
)
_NOT_CONTENT = (
    "nav, header, footer, aside, form, dialog, template:not([shadowrootmode]), noscript, [hidden],"
    " [role=navigation], [role=dialog]"
)
_MOST = 5000
"""Controls, and elements of one name, that are examined."""

_CUSTOM = re.compile(r"<([a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){1,5})[\s/>]")
_MOST_NAMES = 50
_SEEN = "img, svg, picture, video, audio, canvas, iframe, input, template[shadowrootmode], slot"
_WITHOUT_TEXT = frozenset({
    "ad", "ads", "advert", "alerts", "amp", "analytics", "announcer", "audio", "autocomplete", "avatar", "badge",
    "banner", "btn", "button", "captcha", "cart", "chat", "color", "consent", "cookie", "cookies", "copy",
    "counter", "dialog", "divider", "drawer", "emoji", "feedback", "font", "footer", "form", "forms", "glyph",
    "header", "icon", "icons", "image", "img", "lang", "language", "lightbox", "loader", "loading", "login", "logo",
    "manager", "map", "menu", "messenger", "mini", "modal", "nav", "navbar", "newsletter", "notification",
    "notifications", "overlay", "picture", "pixel", "placement", "player", "popover", "popup", "portal", "progress",
    "rating", "sample", "scroll", "search", "separator", "share", "skeleton", "skip", "social", "source", "spacer",
    "spinner", "stars", "sticky", "stream", "survey", "svg", "theme", "toast", "toasts", "toggle", "tooltip",
    "track", "tracker", "tracking", "video", "vimeo", "wishlist", "youtube",
})  # fmt: skip
"""Parts of the names of custom elements that usually show no text of the page."""

_SCROLLS = re.compile(r"(?<!=)[<>][^;{}]{0,120}scrollHeight|scrollHeight[^;{}]{0,120}[<>](?!/)")
_LISTENS = re.compile(r"""(?:addEventListener|\.on)\(\s*["'`]scroll|onscroll|\)\.scroll\(""")
_ADDS = re.compile(r"\badd\(|append|insertAdjacent|fetch|load|more", re.IGNORECASE)
_LONGEST_SCRIPTS = 500_000


def signs_of_growth(html: str) -> frozenset[str]:
    """Return the signs in the HTML of a page that its scripts add text.

    The signs are a control that loads more, the marks and the scripts of infinite scroll, and the names of empty
    custom elements.
    """
    if not is_sane(html):
        return frozenset()
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None or tree.css_first(SCRIPTS) is None:
        return frozenset()
    found = {"scroll"} if _scrolls(tree) else set()
    for node in body.css(_NOT_CONTENT):
        node.decompose()
    if _has_control(body):
        found.add("control")
    if body.css_first(_MARKERS) is not None:
        found.add("marker")
    return frozenset(found | _empty_elements(body, html))


def _has_control(body: LexborNode) -> bool:
    for node in innermost(body.css(_CONTROLS)[:_MOST]):
        attributes = node.attributes
        text = node.text() if len(node.html or "") < 20 * LONGEST_LABEL else ""
        labels = (text, attributes.get("value"), attributes.get("aria-label"))
        label = next((label for label in labels if label and label.strip()), "")
        if loads_more(label) and "aria-haspopup" not in attributes:
            return True
    return False


def _empty_elements(body: LexborNode, html: str) -> set[str]:
    """Return the names of custom elements without content."""
    names: set[str] = set()
    for found in _CUSTOM.finditer(html):
        if not _WITHOUT_TEXT.intersection(found[1].split("-")):
            names.add(found[1])
            if len(names) == _MOST_NAMES:
                break
    if not names:
        return set()
    return {
        node.tag or ""
        for node in innermost(body.css(", ".join(sorted(names)))[:_MOST])
        if not node.text().strip() and node.css_first(_SEEN) is None
    }


def _scrolls(tree: LexborHTMLParser) -> bool:
    """Return whether a script of the page adds something when readers scroll."""
    length = 0
    for script in tree.css(SCRIPTS):
        text = script.text()
        length += len(text)
        if length > _LONGEST_SCRIPTS:
            return False
        if _LISTENS.search(text) and _SCROLLS.search(text) and _ADDS.search(text):
            return True
    return False
