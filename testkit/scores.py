"""Measure how well Markdown keeps the main text of a page, its code and its tables."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from testkit.labels import Label

SHINGLE = 4
"""Number of words in a shingle."""

_FRONT = re.compile(r"\A---\n.*?\n---\n(?:\n> [^\n]*\[llms\.txt\]\([^\n]*\n)?", re.DOTALL)
_IMAGE = re.compile(r"!\[((?:[^\[\]\\]|\\.)*)\]\([^)]*\)")
_LINK = re.compile(r"(?<!\\)\]\((?:<[^>]*>|[^()\s]*(?:\([^()]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(
    r"(?<!\\)</?(?:br|sub|sup|ul|ol|li|p|div|span|pre|code|table|tbody|thead|tr|td|th|dl|dt|dd|h[1-6]|a|b|i|em|strong|section"
    r"|details|summary|img|font|center|hr|header|main|article|nav|small|cite|var|kbd|samp|tt)(?:\s[^<>]*)?/?>"
)
_UNSEEN = re.compile("[\u200b\u00ad\ufeff\u2060]")
_ESCAPE = re.compile(r"\\([^\w\s])")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{3,}:?\s*\|?)+\s*$", re.MULTILINE)
_NUMBER = re.compile(r"^[ >]*(?:[-*+] )*\d{1,4}[.)] ", re.MULTILINE)
_FENCED = re.compile(
    r"^(?P<head>[ \t>*+-]*(?:\d+[.)] )?)(?P<fence>`{3,}|~{3,})[ ]*(?P<lang>[^\s`]*)"
    r"[^\n`]*\n(?P<body>.*?)^[ \t>]*(?P=fence)",
    re.MULTILINE | re.DOTALL,
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of the main text.

    For code blocks, languages and table rows: the number, and how many are kept.
    """

    precision: float
    recall: float
    code: tuple[int, int]
    languages: tuple[int, int]
    rows: tuple[int, int]

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(label: Label, markdown: str) -> Score:
    """Score a page's Markdown against its label."""
    wanted, got = shingles(label.text), shingles(plain(markdown))
    shared = sum((wanted & got).values())
    code, languages = _code(label.parts, markdown)
    return Score(
        precision=shared / max(1, sum(got.values())),
        recall=shared / max(1, sum(wanted.values())),
        code=code,
        languages=languages,
        rows=_rows(label.parts, markdown),
    )


def plain(markdown: str) -> str:
    """Return Markdown as plain text."""
    pieces: list[str] = []
    at = 0
    text = _FRONT.sub("", markdown)
    for block in _FENCED.finditer(text):
        pieces += [_plain_prose(text[at : block.start()]), block["body"]]
        at = block.end()
    return " ".join([*pieces, _plain_prose(text[at:])])


def _plain_prose(text: str) -> str:
    text = _LINK.sub("]", _IMAGE.sub("", _NUMBER.sub("", _RULE.sub("", text))))
    return html.unescape(_ESCAPE.sub(r"\1", _TAG.sub(" ", text)))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the runs of four words of a text."""
    words = _WORD.findall(_UNSEEN.sub("", text).casefold().replace("_", " "))
    if len(words) < SHINGLE:
        return Counter([tuple(words)])
    return Counter(zip(*(words[start:] for start in range(SHINGLE)), strict=False))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", _UNSEEN.sub("", text))


def _code(parts: list[LexborNode], markdown: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Count code blocks whose lines are all inside one fence, and those that kept their language."""
    fenced: dict[str, str] = {}
    for block in _FENCED.finditer(markdown):
        body = block["body"]
        if ">" in block["head"]:
            body = re.sub(r"^[ \t]*>[ ]?", "", body, flags=re.MULTILINE)
        fenced.setdefault(_lines(body), block["lang"])
    inline = {
        _squeezed(plain(cell))
        for line in markdown.splitlines()
        if line.lstrip().startswith("|")
        for cell in line.split("|")
    }
    total = kept = named = kept_names = 0
    for part in parts:
        for pre in part.css("pre"):
            wanted = _lines(_code_text(pre))
            if not wanted.strip():
                continue
            total += 1
            found = wanted in fenced or (_in_table(pre) and any(_squeezed(wanted) in cell for cell in inline))
            kept += found
            given = re.search(r"(?:language|lang|highlight)-(\w+)", _classes(pre))
            if (
                given
                and given[1] not in ("default", "none", "text", "plaintext", "txt")
                and not _in_table(pre)
            ):
                named += 1
                kept_names += bool(found and fenced.get(wanted))
    return (total, kept), (named, kept_names)


def _code_text(pre: LexborNode) -> str:
    """Return the visible text of code; some highlighters end lines only with `<br>`."""
    nodes = [node for node in pre.traverse(include_text=True) if node.tag in ("br", "-text")]
    return "".join("\n" if node.tag == "br" else node.text_content or "" for node in nodes)


def _lines(text: str) -> str:
    return "\n".join(_squeezed(line) for line in text.splitlines() if line.strip())


def _classes(pre: LexborNode) -> str:
    nodes = [pre, *pre.css("code")]
    node = pre.parent
    for _ in range(2):
        if node is not None:
            nodes.append(node)
            node = node.parent
    return " ".join(node.attributes.get("class") or "" for node in nodes)


def _in_table(node: LexborNode) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in ("td", "th"):
            return True
        above = above.parent
    return False


def _rows(parts: list[LexborNode], markdown: str) -> tuple[int, int]:
    """Count the rows of data tables, and the rows with all cells in one row of a Markdown table."""
    lines = [_squeezed(plain(line)) for line in markdown.splitlines() if "|" in line]
    total = kept = 0
    for part in parts:
        for table in part.css("table"):
            if not _is_data(table):
                continue
            for row in table.css("tr"):
                cells = [_squeezed(cell.text()) for cell in row.iter() if cell.tag in ("td", "th")]
                wanted = [cell for cell in cells if cell]
                if len(wanted) < 2:
                    continue
                total += 1
                kept += any(_in_order(wanted, line) for line in lines)
    return total, kept


def _in_order(cells: list[str], line: str) -> bool:
    at = 0
    plain_line = re.sub(r"[|*`•^_\\\[\]-]", "", line)
    for cell in cells:
        found = plain_line.find(re.sub(r"[|*`•^_\\\[\]-]", "", cell), at)
        if found < 0:
            return False
        at = found + 1
    return True


def _is_data(table: LexborNode) -> bool:
    """Return whether a table contains data: no table, heading or code block inside, at least two columns and rows."""
    # A search from a node also finds the node itself.
    inner = {node.tag for node in table.css("table, h1, h2, h3, h4, h5, h6, pre, dl, blockquote")[1:]}
    if inner & {"table", "h1", "h2"} or (inner and table.css_first("th") is None):
        return False
    rows = [sum(1 for cell in row.iter() if cell.tag in ("td", "th")) for row in table.css("tr")]
    return len(rows) >= 2 and max(rows, default=0) >= 2
