"""Decode pages by the rules of the WHATWG encoding standard, as far as Python has the encodings."""

from __future__ import annotations

import codecs
import re

_META = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,10}=\s{0,10}["']?\s{0,10}([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE
)
_HEADER = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Python has other codecs, too, which are not used on the web; some are slow on hostile input.
_WEB = frozenset(
    {
        "utf-8",
        "utf-16-le",
        "utf-16-be",
        "koi8-r",
        "koi8-u",
        "shift_jis",
        "euc_jp",
        "iso2022_jp",
        "gbk",
        "gb18030",
    }
    | {"big5", "big5hkscs", "euc_kr", "cp866", "cp874", "mac-roman", "mac-cyrillic", "cp932", "cp949"}
    | {f"cp{number}" for number in range(1250, 1259)}
    | {f"iso8859-{number}" for number in range(2, 17)}
)
_AS_BROWSERS_DO = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}


def decode(body: bytes, content_type: str) -> str:
    """Decode a page.

    Parameters: `body`; `content_type`, the header with its parameters. The byte order mark wins over the
    header, the header over `<meta charset>`; without any it is UTF-8, or Windows-1252 where that fails.
    What cannot be decoded becomes U+FFFD.
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
    """Return the encoding of a page and the length of its byte order mark in bytes."""
    for mark, marked in _BOMS:
        if body.startswith(mark):
            return marked, len(mark)
    header = _HEADER.search(content_type)
    name = _encoding(header[1]) if header else None
    if name is None:
        meta = _META.search(body[:4096])
        name = _encoding(meta[1].decode("ascii")) if meta else None
        if name and name.startswith("utf-16"):
            # The label was read as ASCII, so the page is not in UTF-16.
            name = "utf-8"
    if name is None:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return "cp1252", 0
    return name or "utf-8", 0


def _encoding(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _AS_BROWSERS_DO.get(name, name)
    return name if name in _WEB or name == "cp1252" else None
