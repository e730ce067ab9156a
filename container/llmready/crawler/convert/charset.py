"""Decode pages by the rules of the WHATWG Encoding Standard, and guess undeclared encodings as a browser does."""

from __future__ import annotations

import codecs
import re

import webencodings

try:
    import chardetng_py
except ImportError:  # No binary for this version of Python: undeclared encodings are not guessed.
    chardetng_py = None

PRESCANNED = 4096
"""Bytes at the start of a page in which its declaration is looked for."""
GUESSED = 262_144
"""Bytes of a page by which an undeclared encoding is guessed."""
MOSTLY = 5
"""Characters in UTF-8 for each damaged one from which a page is in UTF-8.

In words of legacy encodings, up to 3.5 times as many bytes happen to be characters in UTF-8 as not.
"""

_HEADER = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s{0,10}=\s{0,10}["']([A-Za-z0-9_.:\-]{1,40})["']""")
_ATTRIBUTES = rb"""(?:[^=>]|=[\t\n\f\r ]*(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))|=)*"""
# Parts that a prescan reads as a whole: comments, elements whose text is not markup, `<meta>`, and other tags.
_PARTS = re.compile(
    rb"<!--(?:-?>|.*?(?:-->|--!>|\Z))|<(script|style|title|textarea)\b.*?(?:</\1\b|\Z)"
    rb"|<meta[\s/](" + _ATTRIBUTES + rb")|</?[a-z]" + _ATTRIBUTES + rb"|<[!/?][^>]*",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"""([^\s"'>/=]{1,100})\s{0,10}=\s{0,10}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_SHIFT_TO_JAPANESE = re.compile(rb"\x1b\$[@B]")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_XML_IN_UTF16 = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))

# Encodings of the standard whose codec has another name in Python, or is a subset of another codec.
_CODECS = {"gbk": "gb18030", "x-user-defined": "cp1252"}


def decode(body: bytes, content_type: str) -> str:
    """Decode a page.

    The first of these determines the encoding: the byte order mark, the header, `<meta charset>`, an XML declaration.
    Without any of these, UTF-8 is tried. If the page is neither UTF-8 nor UTF-8 with a few damaged bytes, its
    encoding is guessed. Bytes that cannot be decoded become U+FFFD.

    Args:
        body: The page.
        content_type: The header Content-Type with its parameters.
    """
    name, start = _encoding_of(body, content_type)
    return body[start:].decode(name, errors="replace")


def to_utf8(body: bytes, content_type: str) -> bytes:
    """Return a page in UTF-8; see `decode`. Invalid UTF-8 stays for the converter to replace."""
    name, start = _encoding_of(body, content_type)
    if name != "utf-8":
        return body[start:].decode(name, errors="replace").encode()
    return body[start:] if start else body


def _encoding_of(body: bytes, content_type: str) -> tuple[str, int]:
    """Return the codec for a page and the length of its byte order mark in bytes."""
    for mark, marked in _BOMS:
        if body.startswith(mark):
            return marked, len(mark)
    header = _HEADER.search(content_type)
    name = _codec(header[1]) if header else None
    return name or _declared(body[:PRESCANNED]) or _guessed(body), 0


def _declared(head: bytes) -> str | None:
    """Return the codec that the beginning of a page names in a `<meta>` or an XML declaration."""
    for start, wide in _XML_IN_UTF16:
        if head.startswith(start):
            return wide
    labels = (_label(found[2]) for found in _PARTS.finditer(head) if found[2])
    name = next((known for label in labels if (known := _codec(label))), None)
    if name is None and (xml := _XML.match(head)):
        name = _codec(xml[1].decode("ascii"))
    # The label was read as ASCII, so the page is not in UTF-16.
    return "utf-8" if name is not None and name.startswith("utf-16") else name


def _label(meta: bytes) -> str:
    """Return the label in the attributes of a `<meta>`, or an empty text."""
    values: dict[bytes, str] = {
        name.lower(): (quoted or single or bare).decode("ascii", errors="replace")
        for name, quoted, single, bare in reversed(_ATTRIBUTE.findall(meta))
    }
    if b"charset" in values:
        return values[b"charset"]
    if values.get(b"http-equiv", "").strip().lower() != "content-type":
        return ""
    found = _HEADER.search(values.get(b"content", ""))
    return found[1] if found else ""


def _codec(label: str) -> str | None:
    """Return the Python codec for a label of the Encoding Standard, or None for any other."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name == "replacement":
        return None
    return _CODECS.get(encoding.name, encoding.codec_info.name)


def _guessed(body: bytes) -> str:
    try:
        body.decode("utf-8")
        sample = body[:GUESSED]
        if _SHIFT_TO_JAPANESE.search(sample) is None or not sample.isascii():
            return "utf-8"
    except UnicodeDecodeError as error:
        # All before is UTF-8, so that the sample can begin there with a whole character.
        start = max(0, error.start - GUESSED // 2)
        while start < error.start and body[start] & 0xC0 == 0x80:
            start += 1
        sample = body[start : start + GUESSED]
        if _is_mostly_utf8(sample):
            return "utf-8"
    if chardetng_py is None:
        return "cp1252"
    name = chardetng_py.detect(sample)
    return _codec(name) or str(name)


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether nearly all bytes outside of ASCII are characters in UTF-8."""
    # The last character may be cut.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    damaged = text.count("\N{REPLACEMENT CHARACTER}")
    others = len(text) - len(text.encode("ascii", "ignore")) - damaged
    return others > 0 and others >= MOSTLY * damaged
