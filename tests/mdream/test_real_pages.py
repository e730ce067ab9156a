"""The converter's parser compared with lexbor, which follows the HTML standard, on real pages of many generators."""

from __future__ import annotations

import html
import tomllib
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from llmready.crawler.page.character_references import attribute_of
from testkit.labels import Label, available
from testkit.parser_trees import trees

KNOWN = Path(__file__).with_name("known_differences.toml")
UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "title", "textarea", "iframe", "svg", "select"}
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
COUNTED = frozenset({"p", "li", "tr", "td", "th", "pre", "dt", "dd", "table", "ul", "ol", "blockquote"})


class Reading:
    """The content of a tree: words, links with their texts, headings, and the number of blocks by kind."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.headings: list[tuple[str, str]] = []
        self.blocks: dict[str, int] = {}

    def element(self, name: str, href: str, start: int) -> None:
        """Take an element whose words begin at `start`."""
        text = " ".join("".join(self.words[start:]).split())
        if name == "a" and href and text:
            self.links.append((href, text))
        elif name in HEADINGS:
            self.headings.append((name, text))
        elif name in COUNTED:
            self.blocks[name] = self.blocks.get(name, 0) + 1

    def result(self) -> tuple[object, ...]:
        """Return all of it, comparable."""
        return " ".join("".join(self.words).split()), self.links, self.headings, self.blocks


def _ours(node: Any, reading: Reading) -> None:
    if isinstance(node, str):
        reading.words.append(html.unescape(node))
        return
    name, attributes, *children = node
    if name in UNSEEN:
        return
    start = len(reading.words)
    for child in children:
        _ours(child, reading)
    reading.element(name, attribute_of(attributes["href"]).strip(), start)


def _lexbors(node: LexborNode, reading: Reading) -> None:
    name = node.tag or ""
    if name == "-text":
        reading.words.append(node.text(deep=False) or "")
        return
    if name.startswith(("-", "!")) or name in UNSEEN:
        return
    start = len(reading.words)
    for child in node.iter(include_text=True):
        _lexbors(child, reading)
    reading.element(name, (node.attributes.get("href") or "").strip(), start)


def _differs(label: Label, tree: list[object]) -> bool:
    ours, lexbors = Reading(), Reading()
    _ours(tree, ours)
    root = LexborHTMLParser(label.html).root
    assert root is not None
    _lexbors(root, lexbors)
    return ours.result() != lexbors.result()


def test_real_pages_read_as_in_a_parser_that_follows_the_standard() -> None:
    found, missing = available()
    assert len(found) >= 30, missing
    ours = trees([(label.html, True) for label in found])
    different = {label.name for label, tree in zip(found, ours, strict=True) if _differs(label, tree)}
    known = set(tomllib.loads(KNOWN.read_text())["pages"])
    assert different - known == set(), "these pages are read otherwise than the standard says"
    compared = {label.name for label in found}
    assert (known & compared) - different == set(), "these are read alike: take them off the list"
