"""Generate random lines: their HTML, and the normal form of the text and structure that Markdown must keep.

The normal form of a line is a tuple of parts: characters with their marks, images and breaks. White space is
collapsed as in browsers. Punctuation has no marks. Emphasis cannot end at punctuation before a letter, so the
punctuation would be outside of it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from hypothesis import strategies as st

Part: TypeAlias = tuple[object, ...]
Line: TypeAlias = tuple[Part, ...]

BREAK: Part = ("break",)


@dataclass(frozen=True)
class Inline:
    """A part of a line: `source` is its HTML, `parts` its normal form before white space is collapsed."""

    source: str
    parts: tuple[Part, ...]
    has_link: bool = False


def character(sign: str, marks: frozenset[str] = frozenset()) -> Part:
    """Return the normal form of one character."""
    if sign.isspace():
        return (" ",)
    return (
        (sign, marks)
        if sign.isalnum()
        else (sign, marks & {"code"} | {m for m in marks if m.startswith("to ")})
    )


def marked(parts: tuple[Part, ...], mark: str) -> tuple[Part, ...]:
    """Return parts with an additional mark."""
    result: list[Part] = []
    for part in parts:
        if part[0] == "image" and mark.startswith("to "):
            result.append((*part[:3], mark))
        elif (
            len(part) == 2
            and isinstance(part[1], frozenset)
            and (str(part[0]).isalnum() or mark.startswith("to "))
        ):
            result.append((part[0], part[1] | {mark}))
        else:
            result.append(part)
    return tuple(result)


def has_empty_line(parts: tuple[Part, ...]) -> bool:
    """Return whether two breaks follow each other, which separates paragraphs."""
    kept = [part for part in parts if part != (" ",)]
    return any(pair == (BREAK, BREAK) for pair in pairwise(kept))


def line(parts: tuple[Part, ...]) -> Line:
    """Return a line with its white space collapsed and without breaks at its ends."""
    result: list[Part] = []
    for part in parts:
        if part == (" ",) and (not result or result[-1] in ((" ",), BREAK)):
            continue
        if part == BREAK:
            while result and result[-1] in ((" ",), BREAK):
                result.pop()
            if not result:
                continue
        result.append(part)
    while result and result[-1] in ((" ",), BREAK):
        result.pop()
    return tuple(result)


WORDS = [
    "rye", "Korn", "über", "面包", "хлеб", "crumb", "x1", "2019", "a.b", "(oven)", "“warm”", "it's", "dough;",
    "flour:", "50%", "a*b", "*", "**", "_salt_", "__init__", "snake_case_name", "`tick`", "~~", "~", "1.", "2)", "#",
    "#tag", "+", "-", "---", "=", "===", ">", "|", "a|b", "[x]", "[a](b)", "![i]", "<b>", "</p>", "&amp;", "&", "\\",
    "\\n", "!", "^", "$5", "$x$", "{y}", "http://a.example/b_c", "me@a.example", ":", "·", "「餅」", "、", "—", "🍞",
]  # fmt: skip
SPACES = ["", " ", " ", " ", "\n", "  "]


def text_of(pieces: list[tuple[str, str]]) -> Inline:
    """Return text from pairs of a word and the white space before it."""
    text = "".join(space + word for word, space in pieces)
    return Inline(html.escape(text, quote=False), tuple(character(sign) for sign in text))


texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), min_size=1, max_size=4).map(
    text_of
)
words = st.sampled_from([word for word in WORDS if word.isalnum()]).map(lambda word: text_of([(word, "")]))
spaces = st.sampled_from([" ", "\n", "&nbsp;"]).map(lambda space: Inline(space, ((" ",),)))


def _break(word: Inline, source: str, *, is_first: bool) -> Inline:
    one = Inline(source, (BREAK,))
    return joined([one, word] if is_first else [word, one])


breaks = st.builds(_break, words, st.sampled_from(["<br>", "<br/>", "<br >"]), is_first=st.booleans())


def _code(text: str) -> Inline:
    return Inline(
        f"<code>{html.escape(text)}</code>", tuple(character(sign, frozenset({"code"})) for sign in text)
    )


codes = st.lists(
    st.sampled_from(["x", "a|b", "`", "``", "*p", "<T>", "&amp;", "\\n", "y z", "_"]), min_size=1, max_size=3
).map(lambda pieces: _code(" ".join(pieces) if len(pieces) > 1 else pieces[0]))

ADDRESSES = [
    ("/rye", "https://example.com/rye"),
    ("rolls.html?a=1&b=2", "https://example.com/bakery/rolls.html?a=1&b=2"),
    ("https://b.example/a_(b)", "https://b.example/a_(b)"),
    ("/a b", "https://example.com/a%20b"),
    ("/a*b_c", "https://example.com/a*b_c"),
    ("/a|b", "https://example.com/a%7Cb"),
    ("/(a", "https://example.com/(a"),
    ("/a)b", "https://example.com/a)b"),
    ("\n/a\nb ", "https://example.com/ab"),
    ("/<a>", "https://example.com/%3Ca%3E"),
    ("/ü", "https://example.com/%C3%BC"),
    ("/%C3%BC", "https://example.com/%C3%BC"),
    ("/a\\b", "https://example.com/a/b"),
    ("/a[b]", "https://example.com/a[b]"),
]
ALTS = [
    "Oven",
    "a|b",
    "a [b] c",
    "a]b",
    "*warm*",
    "x_y_z",
    "line\n\nline",
    '"quoted"',
    "<b>",
    "&amp;",
    "a\\",
    "`t`",
    "!",
]
addresses = st.sampled_from(ADDRESSES)


def _image(alt: str, address: tuple[str, str]) -> Inline:
    source = f'<img src="{html.escape(address[0])}" alt="{html.escape(alt)}">'
    return Inline(source, (("image", " ".join(alt.split()), address[1]),))


images = st.builds(_image, st.sampled_from(ALTS), addresses)


def _marked(tag: str, parts: list[Inline]) -> Inline:
    mark = {"b": "strong", "i": "em", "s": "del"}.get(tag, tag)
    inner = joined(parts)
    space = ((" ",),)
    # Inside a word, emphasis can begin and end only with letters; `within_words` generates these cases.
    return Inline(
        f" <{tag}>{inner.source}</{tag}> ", (*space, *marked(inner.parts, mark), *space), inner.has_link
    )


def _within_word(before: Inline, tag: str, word: Inline, after: Inline) -> Inline:
    inner = _marked(tag, [word])
    return joined([before, Inline(inner.source.strip(), inner.parts[1:-1]), after])


def joined(parts: list[Inline]) -> Inline:
    """Join several parts."""
    return Inline(
        "".join(part.source for part in parts),
        tuple(piece for part in parts for piece in part.parts),
        any(part.has_link for part in parts),
    )


def _bare(tag: str, parts: list[Inline]) -> Inline:
    inner = joined(parts)
    return Inline(f"<{tag}>{inner.source}</{tag}>", inner.parts, inner.has_link)


def link_of(address: tuple[str, str], parts: list[Inline]) -> Inline:
    """Return a link: `address` in the HTML, and the address that the Markdown should have."""
    inner = joined(parts)
    if inner.has_link or not any(part not in (BREAK, (" ",)) for part in inner.parts):
        return inner
    # Adjacent links are written with a space between them.
    source = f' <a href="{html.escape(address[0])}">{inner.source}</a>'
    return Inline(source, ((" ",), *marked(inner.parts, f"to {address[1]}")), has_link=True)


def _link_in_word(before: Inline, address: tuple[str, str], word: Inline, after: Inline) -> Inline:
    inner = link_of(address, [word])
    return Inline(
        f"{before.source}{inner.source.strip()}{after.source}",
        (*before.parts, *inner.parts[1:], *after.parts),
        has_link=True,
    )


def _raised(word: Inline) -> Inline:
    return Inline(f"<sup>{word.source}</sup>", (character("^"), *word.parts))


def _lowered(before: Inline, word: Inline) -> Inline:
    return Inline(f"{before.source}<sub>{word.source}</sub>", (*before.parts, character("_"), *word.parts))


def _note(number: int) -> Inline:
    text = f"[{number}]"
    return Inline(
        f'<sup><a href="#fn{number}">{number}</a></sup>',
        tuple(character(sign) for sign in text),
        has_link=True,
    )


def _read(base: str) -> Inline:
    source = f"<ruby>{base}<rp>(</rp><rt>yomi</rt><rp>)</rp></ruby>"
    return Inline(source, tuple(character(sign) for sign in f"{base}(yomi)"))


within_words = st.builds(_within_word, words, st.sampled_from(["b", "i", "del"]), words, words)
small = st.one_of(
    within_words, st.builds(_link_in_word, words, addresses, words, words),
    texts, texts, words, spaces, codes, images, breaks,
    st.builds(_raised, words), st.builds(_lowered, words, words),
    st.builds(_note, st.integers(1, 40)), st.sampled_from(["明日", "東京"]).map(_read),
)  # fmt: skip
inlines = st.recursive(
    small,
    lambda inner: st.one_of(
        st.builds(
            _marked,
            st.sampled_from(["b", "strong", "i", "em", "del", "s"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            _bare,
            st.sampled_from(["span", "small", "mark", "u", "abbr"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(link_of, addresses, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
