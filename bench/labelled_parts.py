"""Count the parts of labelled pages that are main text, and those that a conversion keeps.

A label is plain text, so only words can show whether a heading, an item or a link is main text. The words of the part
alone are not sufficient, because menus, tables of contents and footers repeat words of the text. A part counts as
main text if the label contains its words directly after the five words that precede it on the page, or directly
before the five words that follow it. Fewer words than five, as at the beginning of a page, are not sufficient. A part
that the page repeats counts at most as often as its words occur in the label.

- Only the first five words of a list item before a list in it are compared with the conversion. An item that begins
  with a list is not counted: Markdown does not need it, and the items in it are counted. The words that follow an
  item follow its end, because the beginning of a long item is also an entry of a table of contents.
- A link must lead to another address: Markdown has no anchors within a page, and scripts do not run in it. It is kept
  if the conversion has a link with the same words or to the same address, because a link around a card becomes the
  link of the card's heading. These are not counted: links in code blocks, which Markdown does not have, and mail
  addresses that Cloudflare protects, because their words on the page are only "email protected".
- An image has no words. It is main text if the label contains both the five words before it and the five words after
  it. These are not counted: images without any address in their attributes, images on buttons, and images without a
  description that the page declares to be smaller than 48 pixels.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

CONTEXT = 5
"""Number of words before or after a part that must be next to it in the label."""
_SMALLEST = 48
"""Pixels below which an image without a description is an ornament."""
_MENUS = ("footer", "nav")
_SELECTORS = {
    "headings": {"h1", "h2", "h3", "h4", "h5", "h6"},
    "list items": {"li"},
    "links": {"a"},
    "code": {"pre"},
    "table rows": {"tr"},
    "quotes": {"blockquote"},
}
_KINDS = {tag: kind for kind, tags in _SELECTORS.items() for tag in tags}
_IMAGES, _LINKS = "images", "links"
PROTECTED_MAIL = "/cdn-cgi/l/email-protection"
_WORD = re.compile(r"\w+")
_NOT_SEEN = "script, style, template, noscript"
_NO_ADDRESS = {"alt", "class", "id", "style", "title", "sizes", "width", "height"}
_ADDRESS = re.compile(r"^\s*(?!data:)\S*[/.]\S")


@dataclass(frozen=True)
class Part:
    """A part of a page: its kind, which of the page's words are in it, and where a list in it begins."""

    kind: str
    start: int
    end: int
    node: LexborNode
    list_start: int
    in_menu: bool


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def kept_parts(
    html: bytes, url: str, converted: str, label: str, *, with_images: bool, without_menus: bool = False
) -> dict[str, tuple[int, int]]:
    """Count by kind how many parts of a page a conversion keeps, and how many are main text.

    Args:
        html: The page as it was served.
        url: Its address.
        converted: The HTML that is rendered from its Markdown.
        label: Its main text.
        with_images: Whether images count on this page.
        without_menus: Whether parts in `nav` and `footer` do not count, which some labels contain.
    """
    truth = f" {' '.join(words_of(label))} "
    source = LexborHTMLParser(html)
    with_address = _images_with_address(source) if with_images else set()
    for node in source.css(_NOT_SEEN):
        node.decompose()
    words, parts = read_parts(source)
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    leads: dict[str, list[str]] = defaultdict(list)
    images = 0
    for part in parts:
        if part.kind == _IMAGES:
            images += part.node.mem_id in with_address and _is_among(words, part, truth)
            continue
        own = _own(words, part)
        if own and not (part.in_menu and without_menus) and _stands_in(words, part, truth):
            wanted[part.kind][own] += 1
            if part.kind == _LINKS:
                leads[own].append(_target(part.node, url))
    result_words, result_parts = read_parts(LexborHTMLParser(converted))
    has: dict[str, Counter[str]] = defaultdict(Counter)
    targets = {_target(part.node, url) for part in result_parts if part.kind == _LINKS}
    for part in result_parts:
        has[part.kind][_own(result_words, part)] += 1
    found = {}
    for kind in _SELECTORS:
        there = Counter({own: min(count, _times(own, truth)) for own, count in wanted[kind].items()})
        kept = there & has[kind]
        for own, count in (there - kept).items() if kind == _LINKS else ():
            kept[own] += min(count, sum(target in targets for target in leads[own]))
        found[kind] = (kept.total(), there.total())
    if with_images:
        found[_IMAGES] = (min(images, has[_IMAGES].total()), images)
    return found


def read_parts(parser: LexborHTMLParser) -> tuple[list[str], list[Part]]:
    """Return the words of a document in their order, and its parts with the places of their words."""
    words: list[str] = []
    parts: list[Part] = []
    if parser.body is None:
        return words, parts
    open_nodes = [(parser.body, 0, parser.body.iter(include_text=True))]
    lists: dict[int, int] = {}
    menu_end = None
    while open_nodes:
        node, start, inner = open_nodes[-1]
        child = next(inner, None)
        if child is None:
            open_nodes.pop()
            menu_end = None if menu_end == node.mem_id else menu_end
            kind = _kind(node)
            if kind:
                list_start = lists.pop(node.mem_id, len(words))
                parts.append(Part(kind, start, len(words), node, list_start, menu_end is not None))
            if node.tag in ("ol", "ul"):
                item = next((one for one, _, _ in reversed(open_nodes) if one.tag == "li"), node)
                lists[item.mem_id] = min(start, lists.get(item.mem_id, start))
        elif child.tag == "-text":
            words += words_of(child.text_content or "")
        else:
            if menu_end is None and child.tag in _MENUS:
                menu_end = child.mem_id
            open_nodes.append((child, len(words), child.iter(include_text=True)))
    return words, parts


def _kind(node: LexborNode) -> str:
    tag = node.tag or ""
    if tag == "img":
        return _IMAGES
    if tag == "a" and (not _leads_on(node.attributes.get("href") or "") or _is_in_code(node)):
        return ""
    return _KINDS.get(tag, "")


def _leads_on(address: str) -> bool:
    written = address.strip().lower()
    return bool(written) and not written.startswith(("#", "javascript:")) and PROTECTED_MAIL not in written


def _is_in_code(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag != "pre":
        above = above.parent
    return above is not None


def _target(node: LexborNode, url: str) -> str:
    try:
        return urljoin(url, (node.attributes.get("href") or "").strip()).partition("#")[0].rstrip("/")
    except ValueError:
        return ""


def _own(words: list[str], part: Part) -> str:
    end = min(part.list_start, part.start + CONTEXT) if part.kind == "list items" else part.end
    return " ".join(words[part.start : end])


def _stands_in(words: list[str], part: Part, truth: str) -> bool:
    before, after = words[max(0, part.start - CONTEXT) : part.start], words[part.end : part.end + CONTEXT]
    own = words[part.start : part.end]
    with_before = [*before, _own(words, part)]
    # Fewer words, as at the beginning of a page, may be next to the same words anywhere.
    return (len(before) == CONTEXT and f" {' '.join(with_before)} " in truth) or (
        len(after) == CONTEXT and f" {' '.join([*own, *after])} " in truth
    )


def _is_among(words: list[str], part: Part, truth: str) -> bool:
    before, after = words[max(0, part.start - CONTEXT) : part.start], words[part.end : part.end + CONTEXT]
    return all(len(run) == CONTEXT and f" {' '.join(run)} " in truth for run in (before, after))


def _times(own: str, truth: str) -> int:
    return len(re.findall(rf"(?<= ){re.escape(own)}(?= )", truth))


def _images_with_address(source: LexborHTMLParser) -> set[int]:
    """Return the images that have an address in any attribute, without decorative ones."""
    found = set()
    for node in source.css("img"):
        attributes = node.attributes
        sizes = [attributes.get("width") or "", attributes.get("height") or ""]
        is_small = any(size.isdigit() and int(size) < _SMALLEST for size in sizes)
        if (is_small and not (attributes.get("alt") or "").strip()) or _is_in_button(node):
            continue
        own = any(
            _ADDRESS.match(value or "") for name, value in attributes.items() if name not in _NO_ADDRESS
        )
        if own or _address_around(node):
            found.add(node.mem_id)
    return found


def _is_in_button(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag not in ("button", "body"):
        above = above.parent
    return above is not None and above.tag == "button"


def _address_around(node: LexborNode) -> bool:
    picture, following = node.parent, node.next
    sources = picture.css("source") if picture is not None and picture.tag == "picture" else []
    if any(_ADDRESS.match(one.attributes.get("srcset") or "") for one in sources):
        return True
    return following is not None and following.tag == "noscript" and "src=" in (following.html or "")
