"""Finds the main part of a page and takes out of it what is no text of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.convert.frame import Names
from crawler.convert.plain_html import plain_html, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from selectolax.lexbor import LexborHTMLParser, LexborNode

EMPTY = 80
NEAR_EMPTY = 200
"""Characters below which a main part may be an empty shell and the page has its text elsewhere."""

LONGEST_TITLE_BLOCK = 600
"""Characters of a block above the main part that holds the page's heading."""

LARGEST = 2_000_000
"""Characters of a page above which the names of its parts are left alone."""

MOST_PARTS = 400
MOST_CANDIDATES = 50
"""Parts that are judged, and candidates for the main part that are weighed."""

MOST_EDGES = 12
"""Blocks at either end of the main part that are looked at for links that only walk through the site."""

_NEVER = (
    "head, script, style, template, noscript, svg, button, select, input, textarea, dialog, object, embed, iframe,"
    "audio, video, canvas, [hidden], [aria-hidden=true i], nav, form[role=search i], [aria-label=breadcrumbs i],"
    "[style*='display:none' i], [style*='display: none' i]"
)
_FRAME_TAGS = ("header", "footer", "aside")
_LOCAL_CONTENTS = ".contents.topic, .contents.local, .table-of-contents"
_SIGNS = frozenset({"", "#", "¶", "§", "\U0001f517", "\uf0c1", "\u2693", "\u2693\ufe0e", "Link", "#link"})
_WALKING = frozenset((
    "prev", "previous", "next", "up", "home", "top", "contents", "index", "back", "forward", "menu",
    "table", "of", "to", "the", "chapter", "section", "page", "main", "document", "search", "modules",
    "list", "and", "here", "you", "are", "skip", "content", "last", "first", "for", "go", "return",
))  # fmt: skip
_TITLE_PARTS = re.compile("\\s+[|\\-\u2013\u2014·•»«:]{1,2}\\s+|\\s*[|·•»]\\s+")
_WORD = re.compile(r"[^\W\d_]+")


class MainPart:
    """The main part of a page.

    Parameters: `tree`, the page, from which everything else is taken out; `html`, its source.
    Use `html()` for the result.
    """

    def __init__(self, tree: LexborHTMLParser, html: str) -> None:
        self._tree = tree
        # On a page of that size, judging its parts one by one would hold up the crawl.
        self._names = Names(html if len(html) <= LARGEST else "")

    def html(self) -> str:
        """Return the main part as plain HTML, ready to become Markdown."""
        body = self._tree.body
        if body is None:
            return ""
        _drop(body, _NEVER)
        main = self._choose(body)
        heading = self._heading_above(body, main) if not _same(main, body) else ""
        marked = main.tag in ("main", "article") or "role" in main.attributes or "itemprop" in main.attributes
        if not _same(main, body) and _is_shell(_length(main), _length(body)):
            main, heading, marked = body, "", False
        self._drop_frame(main, within=marked)
        _drop_signs(main)
        if not marked:
            _drop_columns(main)
            _drop_walks(main)
        prepare(main)
        return plain_html(heading + (main.html or ""))

    def _choose(self, body: LexborNode) -> LexborNode:
        marked = body.css("main, [role=main i]")
        if marked:
            main = _longest(marked)
            inner = _outermost(main.css("article"))
            if len(inner) == 1 and _length(inner[0]) >= 0.5 * _length(main):
                return inner[0]
            return main
        whole = _length(body)
        articles = _outermost(body.css("article, [itemprop=articleBody i]"))
        if len(articles) == 1 and _length(articles[0]) >= 0.3 * whole:
            return articles[0]
        if self._names.content and not articles:
            found = _unique(body.css(", ".join(self._names.content)))[:MOST_CANDIDATES]
            sizes = [_prose(node) for node in found]
            if max(sizes) >= 0.4 * _prose(body):
                # The innermost that has it all: what is around it is links.
                return [node for node, size in zip(found, sizes, strict=True) if size >= 0.9 * max(sizes)][-1]
        return body

    def _heading_above(self, body: LexborNode, main: LexborNode) -> str:
        """Return the block that holds the page's first heading when it lies outside of the main part."""
        heading = body.css_first("h1")
        if heading is None or main.css_first("h1") is not None or not self._is_title(_text(heading)):
            return ""
        around = {node.mem_id for node in _ancestors(main)}
        block = heading
        while block.parent is not None and block.parent.mem_id not in around:
            block = block.parent
        while not _same(block, heading) and (
            _length(block) > LONGEST_TITLE_BLOCK or _link_share(block) > 0.3
        ):
            block = next((node for node in block.iter() if _holds(node, heading)), heading)
        return "" if _link_share(block) > 0.5 else block.html or ""

    def _is_title(self, heading: str) -> bool:
        """Say whether a heading is the page's own: the title begins with it, or it with the title's first part."""
        node = self._tree.css_first("head title")
        title = _text(node) if node is not None else ""
        first = _TITLE_PARTS.split(title)[0].strip().casefold()
        heading = heading.casefold()
        return not first or heading.startswith(first) or title.casefold().startswith(heading)

    def _drop_frame(self, main: LexborNode, *, within: bool) -> None:
        selectors = [*self._names.always, _LOCAL_CONTENTS]
        if not within:
            selectors += [*_FRAME_TAGS, *self._names.outside]
        else:
            selectors += ["footer"]
        before = _length(main)
        found = _unique(main.css(", ".join(selectors)))[:MOST_PARTS]
        doomed = [node for node in found if not (_same(node, main) or _is_kept(node, before))]
        gone = sum(_length(node) for node in _outermost(doomed))
        if before - gone < NEAR_EMPTY and gone > 3 * (before - gone):
            # What is left is nothing: a page that is only a table of contents, or names that mislead.
            doomed = [node for node in doomed if _link_share(node) < 0.9 or node.tag == "a"]
            if before - sum(_length(node) for node in _outermost(doomed)) < NEAR_EMPTY / 4:
                return
        for node in reversed(doomed):
            node.decompose()


def _is_shell(main: int, whole: int) -> bool:
    """Say whether a main part is so empty that the page's text must lie elsewhere."""
    if main < EMPTY:
        return whole > 3 * main
    return main < NEAR_EMPTY and whole > 3 * main + NEAR_EMPTY


def _is_kept(node: LexborNode, whole: int) -> bool:
    """Say whether a part stays although its name speaks against it; `whole`, the length of all there is."""
    if node.tag in _NEVER_FRAME:
        return True
    if node.tag in _INLINE:
        return _is_kept_inline(node)
    if node.tag == "table":
        return node.css_first("th") is not None or _link_share(node) < 0.6
    if node.tag == "footer":
        return node.parent is not None and node.parent.tag == "blockquote"
    if node.css_first(".sidebar-title, .admonition-title") is not None:
        return True
    most = _length(node) > 0.5 * whole and _link_share(node) < 0.6
    return most or _is_title_block(node)


def _is_kept_inline(node: LexborNode) -> bool:
    inside = {above.tag for above in _ancestors(node)}
    if inside & {"pre", "code"}:
        # Highlighters call comments `comment`.
        return "line" not in (node.attributes.get("class") or "")
    # mdBook's `a.header` is the heading itself.
    return node.tag == "a" and len(_text(node)) > 3 and bool(inside & _HEADINGS)


def _is_title_block(node: LexborNode) -> bool:
    return node.css_first("h1") is not None and _link_share(node) < 0.5 and node.css_first("form") is None


_NEVER_FRAME = frozenset({"html", "body", "pre", "code", "dt", "h1", "h2", "tbody", "tr"})
_INLINE = frozenset({"a", "span", "b", "i", "em", "strong", "small", "sup"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def _drop(body: LexborNode, selector: str) -> None:
    # From the last to the first: what lies inside another goes before it, and is never touched after it went.
    for node in reversed(_unique(body.css(selector))):
        node.decompose()


def _drop_signs(main: LexborNode) -> None:
    """Take out the signs by which headings link to themselves."""
    for node in reversed(_unique(main.css("a[href^='#'], a.mark, a[title='Permalink' i]"))):
        if _text(node) in _SIGNS and node.css_first("img") is None:
            node.decompose()


def _drop_walks(main: LexborNode) -> None:
    """Take out what stands at either end and only walks through the site: previous, next, up."""
    for edge in (_forward, _backward):
        for node in list(edge(main))[:MOST_EDGES]:
            if _is_walk(node):
                node.decompose()
            elif node.tag != "hr" and len(_text(node)) > 1:
                break


def _drop_columns(main: LexborNode) -> None:
    """Take out the columns of links of pages that are laid out by a table."""
    for row in reversed(main.css("table tr")):
        cells = [cell for cell in row.iter() if cell.tag == "td"]
        if len(cells) < 2 or row.css_first("h1, h2, h3, p") is None:
            continue
        longest = _longest(cells)
        if _link_share(longest) > 0.5:
            continue
        for cell in reversed(cells):
            links = cell.css_first("ul, ol, table, br") is not None and _link_share(cell) > 0.6
            if links and not _same(cell, longest) and _length(cell) < _length(longest):
                cell.decompose()


def _forward(main: LexborNode) -> Iterator[LexborNode]:
    yield from _deepest(main).iter(include_text=False)


def _backward(main: LexborNode) -> Iterator[LexborNode]:
    yield from reversed(list(_deepest(main).iter(include_text=False)))


def _deepest(node: LexborNode) -> LexborNode:
    """Go down while one child holds all there is."""
    for _ in range(20):
        children = [child for child in node.iter(include_text=False) if _text(child)]
        if len(children) != 1 or children[0].tag not in ("div", "section", "article", "center", "main"):
            return node
        node = children[0]
    return node


def _is_walk(node: LexborNode) -> bool:
    text = _text(node)
    if not text or len(text) > 300 or node.tag in _HEADINGS:
        return False
    linked = [_text(link) for link in node.css("a[href]")]
    if not linked:
        return False
    words = {word.lower() for word in _WORD.findall(text)}
    if not words & {"prev", "previous", "next", "up", "home", "index", "contents"}:
        return False
    rest = text
    for one in linked:
        rest = rest.replace(one, " ", 1)
    return {word.lower() for word in _WORD.findall(rest)} <= _WALKING or _link_share(node) > 0.5


def _longest(nodes: Sequence[LexborNode]) -> LexborNode:
    return max(nodes, key=_length)


def _outermost(nodes: Sequence[LexborNode]) -> list[LexborNode]:
    """Leave out those that lie inside another of them."""
    seen: set[int] = set()
    outer: list[LexborNode] = []
    for node in nodes:
        if not any(above.mem_id in seen for above in _ancestors(node)):
            outer.append(node)
        seen.add(node.mem_id)
    return outer


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _holds(node: LexborNode, inner: LexborNode) -> bool:
    return _same(node, inner) or any(_same(above, node) for above in _ancestors(inner))


def _same(one: LexborNode, other: LexborNode) -> bool:
    # Their own comparison writes both out as HTML.
    return one.mem_id == other.mem_id


def _unique(nodes: Sequence[LexborNode]) -> list[LexborNode]:
    """Keep each once: one that two selectors name must not be taken out twice."""
    return list({node.mem_id: node for node in nodes}.values())


def _text(node: LexborNode) -> str:
    return " ".join(node.text().split())


def _length(node: LexborNode) -> int:
    return len("".join(node.text().split()))


def _prose(node: LexborNode) -> int:
    """Return how many characters of the text are no links."""
    return _length(node) - sum(_length(link) for link in node.css("a"))


def _link_share(node: LexborNode) -> float:
    """Return which part of the text is links, from 0 to 1."""
    whole = _length(node)
    return sum(_length(link) for link in node.css("a")) / whole if whole else 1.0
