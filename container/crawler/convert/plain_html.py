"""Rewrites HTML that Markdown has no form for into HTML that it has one for.

All of it works on HTML as the parser writes it: every element closed, names in lower case, `<` and `>` in
texts and attributes escaped. Where authors leave out end tags, a definition would otherwise swallow the next.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.convert.code_blocks import ATTRIBUTE, mark_code_blocks
from crawler.convert.tables import LAYOUT, mark_tables

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FRAGMENT = re.compile(
    r'<div class="fragment">((?:(?!<div class="fragment">).)*?)</div><!-- fragment -->', re.DOTALL
)
_FRAGMENT_LINE = re.compile(r'<div class="line">|</div>\n?')
_PRE = re.compile(r"(<pre(?:\s[^>]*)?>.*?</pre>)", re.DOTALL)
_PRE_PARTS = re.compile(r"<pre([^>]*)>(.*)</pre>", re.DOTALL)
_LANGUAGE = re.compile(rf'{ATTRIBUTE}="([^"]*)"')
_BREAK = re.compile(r"<br(?:\s[^>]*)?>")
_TAG = re.compile(r"<[^>]*>")
# Inline elements without a form in Markdown. The converter would lose a space that is alone in one.
_INLINE = re.compile(
    r"</?(?:span|font|ins|u|small|big|abbr|acronym|cite|dfn|bdi|bdo|time|label|mark|sub|nobr|wbr|data|output|ruby|rb|tt"
    r"|rp|slot)(?:\s[^>]*)?>"
)
_SUPER = re.compile(r"<sup(?:\s[^>]*)?>(.*?)</sup>", re.DOTALL)
_CODE = re.compile(r"<(code|tt|kbd|samp)(?:\s[^>]*)?>(.*?)</\1>", re.DOTALL)
_ONE_LINK = re.compile(r"\s*(<a\s[^>]*href=[^>]*>)((?:(?!</?a[\s>]).)*)</a>\s*", re.DOTALL)
_SIGNATURE = re.compile(r'<dt class="(?:[^"]*\s)?sig(?:\s[^"]*)?"[^>]*>(.*?)</dt>', re.DOTALL)
_TITLE = re.compile(
    r'<(p|div|summary) class="(?:[^"]*\s)?(?:admonition-title|custom-block-title|alert-heading|sidebar-title|rubric'
    r'|admonitionHeading\w*)(?:\s[^"]*)?"[^>]*>(.*?)</\1>',
    re.DOTALL,
)
_LINK_TITLE = re.compile(r'(<a\s[^>]*?)\stitle="[^"]*"')
_LOCAL_LINK = re.compile(r'<a\s(?:[^>]*?\s)?href="#[^"]*"[^>]*>((?:(?!</?a[\s>]).)*)</a>', re.DOTALL)
# Text that docutils found indented, most often by accident; a quotation has no block of its own inside.
_INDENTED = re.compile(r"<blockquote>\s*<div>(.*?)</div>\s*</blockquote>", re.DOTALL)
_BLOCK_TITLE = re.compile(r'<div class="title">(.*?)</div>', re.DOTALL)
# What buttons say where they are made of other elements.
_INTERFACE = re.compile(
    r">\s*(?:click to toggle source|\[source\]|\[edit\]|edit (?:this page|on github|on gitlab|source)"
    r"|view (?:page )?source|show source|improve this (?:page|doc)|(?:back|return|jump) to (?:the )?top"
    r"|copy to clipboard|copied!?|copy code|print this (?:page|book)|toggle (?:navigation|sidebar|menu)"
    r"|skip to (?:main |the )?content|expand description|share (?:this|on \w+)|tweet this"
    r"|suggest (?:an )?edits?|report (?:a |an )?(?:bug|issue) (?:on|with) this page)\s*<",
    re.IGNORECASE,
)
_RENAMED = re.compile(r"<(/?)(dl|dt|dd|details|summary|var|center)(?=[\s>])([^>]*)>")
_NAMES = {
    "dl": ("<div>", "</div>"),
    "dt": ("<p>", "</p>"),
    "dd": ("<ul><li>", "</li></ul>"),
    "details": ("<div>", "</div>"),
    "summary": ("<p>", "</p>"),
    "var": ("<em>", "</em>"),
    "center": ("<div>", "</div>"),
}
_CELL = re.compile(rf"<(t[dh])(?=[\s>])((?:(?!{LAYOUT})[^>])*)>(.*?)</\1>", re.DOTALL)
_BETWEEN_BLOCKS = re.compile(r"\s*</(?:p|div|li|dd|dt|pre)>\s*(?=<(?:p|div|li|ul|ol|dt|dd|pre)[\s>])")
_CELL_BLOCK = re.compile(
    r"</?(?:p|div|ul|ol|li|dl|dt|dd|blockquote|h[1-6]|center|section|figure)(?:\s[^>]*)?>"
)
_CELL_PRE = re.compile(r"<pre(?:\s[^>]*)?>(.*?)</pre>", re.DOTALL)
_HEADING_LINK = "a h1, a h2, a h3, a h4, a h5, a h6, a p, a div, a section, a ul, a li"
_LAZY = ("data-src", "data-original", "data-lazy-src")


def prepare(main: LexborNode) -> None:
    """Mark, within the tree, what only the tree can tell: languages, tables, images that load late."""
    mark_code_blocks(main)
    mark_tables(main)
    for node in reversed(main.css(_HEADING_LINK)):
        node.unwrap()
    for image in main.css("img[data-src], img[data-original], img[data-lazy-src]"):
        late = next((value for name in _LAZY if (value := image.attributes.get(name))), None)
        source = image.attributes.get("src") or ""
        if late and (not source or source.startswith("data:")):
            image.attrs["src"] = late


def plain_html(serialised: str) -> str:
    """Return HTML that Markdown can say, from a part of a page that was prepared.

    Definition lists become terms with list items below them, what is folded is unfolded, tables that only
    lay out a page become blocks, code blocks lose their markup and keep their language.
    """
    text = serialised
    if 'class="fragment"' in text:
        text = _FRAGMENT.sub(lambda found: f"<pre>{_FRAGMENT_LINE.sub(_fragment_line, found[1])}</pre>", text)
    text = _COMMENT.sub("", text)
    if "<table" in text:
        text = _without_layout(text)
        text = _CELL.sub(_cell, text)
    pieces = _PRE.split(text)
    for number, piece in enumerate(pieces):
        pieces[number] = _code_block(piece) if number % 2 else _prose(piece)
    return "".join(pieces)


def _fragment_line(match: re.Match[str]) -> str:
    return "" if match[0].startswith("<div") else "\n"


def _without_layout(text: str) -> str:
    """Turn the parts of layout tables into blocks; their end tags are found by counting."""
    if LAYOUT not in text:
        return text
    stack: list[bool] = []

    def replace(tag: re.Match[str]) -> str:
        if tag[1]:
            laid_out = stack.pop() if stack else False
            return "</div>" if laid_out else tag[0]
        laid_out = LAYOUT in tag[3]
        if tag[2] != "col":
            stack.append(laid_out)
            return "<div>" if laid_out else tag[0]
        return "" if laid_out else tag[0]

    return _TABLE_TAG.sub(replace, text)


_TABLE_TAG = re.compile(r"<(/?)(table|thead|tbody|tfoot|tr|td|th|caption|colgroup|col)(?=[\s>])([^>]*)>")


def _cell(found: re.Match[str]) -> str:
    """Write a cell as one line: Markdown's cells hold no blocks."""
    inner = found[3]
    if "<" not in inner:
        return found[0]
    inner = _CELL_PRE.sub(_cell_code, inner)
    inner = _CELL_BLOCK.sub(" ", _BETWEEN_BLOCKS.sub("<br>", inner))
    return f"<{found[1]}{found[2]}>{inner}</{found[1]}>"


def _cell_code(found: re.Match[str]) -> str:
    lines = _TAG.sub("", _BREAK.sub("\n", found[1])).strip("\n").split("\n")
    return "<div>" + "<br>".join(f"<code>{line}</code>" for line in lines if line.strip()) + "</div>"


def _code_block(piece: str) -> str:
    parts = _PRE_PARTS.fullmatch(piece)
    if parts is None:
        return piece
    text = _TAG.sub("", _BREAK.sub("\n", parts[2])) if "<" in parts[2] else parts[2]
    if not text.strip():
        return ""
    language = _LANGUAGE.search(parts[1])
    named = f' class="language-{language[1]}"' if language and language[1] else ""
    return f"<pre><code{named}>{text.rstrip()}</code></pre>"


def _prose(text: str) -> str:
    if "<dt" in text and "sig" in text:
        text = _SIGNATURE.sub(lambda found: f"<dt><code>{_signature(found[1])}</code></dt>", text)
    text = _TITLE.sub(r"<p><strong>\2</strong></p>", text)
    text = _BLOCK_TITLE.sub(r"<p><strong>\1</strong></p>", text)
    text = _INTERFACE.sub("><", text)
    text = _INDENTED.sub(r"<div>\1</div>", text)
    text = _LOCAL_LINK.sub(r"\1", _LINK_TITLE.sub(r"\1", text))
    text = _CODE.sub(_code, text)
    text = _INLINE.sub("", text)
    if "<sup" in text:
        text = _SUPER.sub(
            lambda found: found[1] if "<" in found[1] or not found[1].strip() else f"^{found[1]}", text
        )
    return _RENAMED.sub(lambda tag: _NAMES[tag[2]][1 if tag[1] else 0], text)


def _signature(inner: str) -> str:
    return " ".join(_TAG.sub("", inner).split())


def _code(found: re.Match[str]) -> str:
    inner = found[2]
    if "<" not in inner:
        return f"<code>{inner}</code>" if inner.strip() else inner
    link = _ONE_LINK.fullmatch(inner)
    text = _TAG.sub("", _BREAK.sub(" ", inner))
    if not text.strip():
        return text
    return f"{link[1]}<code>{text}</code></a>" if link else f"<code>{text}</code>"
