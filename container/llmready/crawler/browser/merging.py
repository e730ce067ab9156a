"""Join what a page shows at several scroll positions: some lists remove the items that are out of view."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.deadline import SECONDS, in_time
from llmready.crawler.failures import Failure
from llmready.crawler.page.parse_limits import is_sane

if TYPE_CHECKING:
    from collections.abc import Callable

    from selectolax.lexbor import LexborNode

T = TypeVar("T")

MUCH_LOST = 0.2
"""Part of a page's text that is gone after scrolling in lists that keep only the items in view."""

LARGEST = 1_000_000
"""Characters of a page whose states are compared."""

MOST_ADDED = 3_000_000
"""Characters that later states add to a page."""

_TEXT = "-text"
_COMMENT = "-comment"
_DEEPEST = 500
_MOST_PLACES = 50
"""Elements of one state to which something is added. What belongs to others is added at the end of the page."""


class States:
    """The states of one page. Texts that occur only in a later state are added to the first one.

    Reading all states of a page together takes a limited time. Beyond it, nothing is added.
    """

    def __init__(self, html: str) -> None:
        self._first = html
        self._tree: LexborHTMLParser | None = None
        self._texts: Counter[str] = Counter()
        self._added = 0
        self._seconds_left = SECONDS
        read = self._in_time(lambda: _read(html))
        if read is not None:
            self._tree, texts = read
            self._texts = Counter(texts.values())

    @property
    def can_join(self) -> bool:
        """Whether the page is small enough to join its states, and reading them has not taken too long."""
        return self._tree is not None and self._seconds_left > 0

    @property
    def html(self) -> str:
        """The first state with what was added."""
        return self._first if self._tree is None or self._tree.html is None else self._tree.html

    def loses(self, html: str) -> bool:
        """Return whether much of the text is gone in a later state."""
        read = self._in_time(lambda: _read(html)) if self.can_join else None
        if read is None:
            return len(html) < len(self._first) * (1 - MUCH_LOST)
        left = set(read[1].values())
        single = [text for text, times in self._texts.items() if times == 1]
        lost = sum(len(text) for text in single if text not in left)
        return lost > MUCH_LOST * sum(map(len, single))

    def add(self, html: str) -> bool:
        """Add the texts of a later state. Returns: whether there were any."""
        addition = self._in_time(lambda: self._addition(html)) if self.can_join else None
        if addition is None:
            return False
        for place, node in addition.parts:
            place.insert_child(node)
        self._added = addition.added
        self._texts.update(addition.texts)
        return addition.is_any

    def _in_time(self, read: Callable[[], T]) -> T | None:
        """Return what `read` returns, or None if reading the states of the page takes too long."""
        began = time.thread_time()
        try:
            return in_time(read, "The page after scrolling")
        except Failure:
            return None
        finally:
            self._seconds_left -= time.thread_time() - began

    def _addition(self, html: str) -> _Addition | None:
        """Return what a later state adds, without adding it; None if the state is not read."""
        read = _read(html)
        if read is None:
            return None
        later, texts = read
        nodes = self._added_by(later, texts)
        finder = _Counterparts(self._tree.body if self._tree is not None else None)
        places: dict[int, LexborNode | None] = {}
        parts: list[tuple[LexborNode, LexborNode]] = []
        added = self._added
        for node in nodes:
            parent = node.parent
            if parent is None or added > MOST_ADDED:
                continue
            if parent.mem_id not in places:
                wanted = parent if len(places) < _MOST_PLACES else None
                places[parent.mem_id] = finder.of(wanted)
            place = places[parent.mem_id]
            if place is not None:
                parts.append((place, node))
                added += len(node.html or "")
        return _Addition(parts, added, set(texts.values()) - self._texts.keys(), bool(nodes))

    def _added_by(self, later: LexborHTMLParser, texts: dict[int, str]) -> list[LexborNode]:
        """Return the largest elements of a later state that contain only new texts."""
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


class _Addition(NamedTuple):
    """What a later state adds: its parts with the elements they belong to, and its new texts."""

    parts: list[tuple[LexborNode, LexborNode]]
    added: int
    texts: set[str]
    is_any: bool


class _Counterparts:
    """Finds elements of the first state. The children of each element are counted once, because there may be many."""

    def __init__(self, body: LexborNode | None) -> None:
        self._body = body
        self._children: dict[int, list[LexborNode]] = {}
        self._positions: dict[int, dict[int, int]] = {}

    def of(self, node: LexborNode | None) -> LexborNode | None:
        """Return the element of the first state at the place of this one, or the nearest one around it."""
        path: list[tuple[int, str | None]] = []
        while node is not None and node.tag not in ("body", "html") and len(path) < _DEEPEST:
            path.append((self._position(node), node.tag))
            node = node.parent
        place = self._body
        for position, tag in reversed(path):
            children = self._elements(place) if place is not None else []
            if position >= len(children) or children[position].tag != tag:
                break
            place = children[position]
        return place

    def _elements(self, node: LexborNode) -> list[LexborNode]:
        if node.mem_id not in self._children:
            self._children[node.mem_id] = _elements(node)
        return self._children[node.mem_id]

    def _position(self, node: LexborNode) -> int:
        parent = node.parent
        if parent is None:
            return 0
        if parent.mem_id not in self._positions:
            self._positions[parent.mem_id] = {
                child.mem_id: position for position, child in enumerate(_elements(parent))
            }
        return self._positions[parent.mem_id].get(node.mem_id, 0)


def _read(html: str) -> tuple[LexborHTMLParser, dict[int, str]] | None:
    """Return the tree of a state and its texts; None if it is too large."""
    if len(html) > LARGEST or not is_sane(html):
        return None
    tree = LexborHTMLParser(html)
    return tree, _texts(tree)


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
    return [child for child in node.iter(include_text=False) if child.tag != _COMMENT]
