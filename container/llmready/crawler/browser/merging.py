"""Join what a page shows at several scroll positions: some lists remove the items that are out of view."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.page.parse_limits import is_sane

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MUCH_LOST = 0.2
"""Part of a page's text that is gone after scrolling in lists that keep only the items in view."""

LARGEST = 1_000_000
"""Characters of a page whose states are compared."""

MOST_ADDED = 3_000_000
"""Characters that later states add to a page."""

_TEXT = "-text"
_DEEPEST = 500
_MOST_PLACES = 50
"""Elements of one state to which something is added. What belongs to others is added at the end of the page."""


class States:
    """The states of one page. Texts that occur only in a later state are added to the first one."""

    def __init__(self, html: str) -> None:
        self._first = html
        self._tree: LexborHTMLParser | None = None
        self._texts: Counter[str] = Counter()
        self._added = 0
        if len(html) <= LARGEST and is_sane(html):
            self._tree = LexborHTMLParser(html)
            self._texts = Counter(_texts(self._tree).values())

    @property
    def can_join(self) -> bool:
        """Whether the page is small enough to join its states."""
        return self._tree is not None

    @property
    def html(self) -> str:
        """The first state with what was added."""
        return self._first if self._tree is None or self._tree.html is None else self._tree.html

    def loses(self, html: str) -> bool:
        """Return whether much of the text is gone in a later state."""
        if self._tree is None or len(html) > LARGEST or not is_sane(html):
            return len(html) < len(self._first) * (1 - MUCH_LOST)
        left = set(_texts(LexborHTMLParser(html)).values())
        single = [text for text, times in self._texts.items() if times == 1]
        lost = sum(len(text) for text in single if text not in left)
        return lost > MUCH_LOST * sum(map(len, single))

    def add(self, html: str) -> bool:
        """Add the texts of a later state. Returns: whether there were any."""
        if self._tree is None or len(html) > LARGEST or not is_sane(html):
            return False
        later = LexborHTMLParser(html)
        added = self._added_by(later)
        places: dict[int, LexborNode | None] = {}
        for node in added:
            parent = node.parent
            if parent is None or self._added > MOST_ADDED:
                continue
            if parent.mem_id not in places:
                wanted = parent if len(places) < _MOST_PLACES else None
                places[parent.mem_id] = self._counterpart(wanted)
            place = places[parent.mem_id]
            if place is not None:
                place.insert_child(node)
                self._added += len(node.html or "")
        self._texts.update(set(_texts(later).values()) - self._texts.keys())
        return bool(added)

    def _added_by(self, later: LexborHTMLParser) -> list[LexborNode]:
        """Return the largest elements of a later state that contain only new texts."""
        texts = _texts(later)
        times = Counter(texts.values())
        nodes = {node.mem_id: node for node in later.root.traverse(include_text=True)} if later.root else {}
        kept: set[int] = set()
        for identity, text in texts.items():
            if self._texts[text] == 1 and times[text] == 1:
                above: LexborNode | None = nodes[identity]
                while above is not None and above.mem_id not in kept:
                    kept.add(above.mem_id)
                    above = above.parent
        added: dict[int, LexborNode] = {}
        tops: dict[int, LexborNode] = {}
        for identity, text in texts.items():
            if text not in self._texts:
                top = _topmost(nodes[identity], kept, tops)
                added[top.mem_id] = top
        return list(added.values())

    def _counterpart(self, node: LexborNode | None) -> LexborNode | None:
        """Return the element of the first state at the place of this one, or the nearest one around it."""
        path: list[tuple[int, str | None]] = []
        while node is not None and node.tag not in ("body", "html") and len(path) < _DEEPEST:
            path.append((_position(node), node.tag))
            node = node.parent
        place = self._tree.body if self._tree is not None else None
        for position, tag in reversed(path):
            children = _elements(place) if place is not None else []
            if position >= len(children) or children[position].tag != tag:
                break
            place = children[position]
        return place


def _texts(tree: LexborHTMLParser) -> dict[int, str]:
    """Return the texts of a page by the identities of their nodes."""
    body = tree.body
    if body is None:
        return {}
    found = {}
    for node in body.traverse(include_text=True):
        if node.tag == _TEXT and (text := " ".join((node.text_content or "").split())):
            found[node.mem_id] = text
    return found


def _topmost(node: LexborNode, kept: set[int], tops: dict[int, LexborNode]) -> LexborNode:
    """Return the largest element around a text that contains no text of the first state."""
    passed: list[int] = []
    for _ in range(_DEEPEST):
        if node.mem_id in tops:
            node = tops[node.mem_id]
            break
        passed.append(node.mem_id)
        above = node.parent
        if above is None or above.mem_id in kept or above.tag in ("body", "html"):
            break
        node = above
    tops.update(dict.fromkeys(passed, node))
    return node


def _elements(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=False))


def _position(node: LexborNode) -> int:
    position, before = 0, node.prev
    while before is not None:
        position += before.tag not in (_TEXT, "_comment", "-comment")
        before = before.prev
    return position
