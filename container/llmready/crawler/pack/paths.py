"""Assign a path in the archive to each page: the site's tree, with names that are valid on every file system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from llmready.crawler.characters import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmready.crawler.urls import Url

ROOT = "md"
LONGEST_NAME = 80
"""Maximum bytes of one name. File systems allow 255, some tools fewer."""

LONGEST_PATH = 200
"""Maximum bytes of a path. Windows tools allow 260 characters, including the target folder."""

_UNSAFE = re.compile(r"""[\x00-\x20<>:"/\\|?*\x7f%]+|\.\.+""")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.IGNORECASE)
_PAGE_EXTENSION = re.compile(r"\.(?:x?html?|php[0-9]?|aspx?|jspx?|cgi|md)$", re.IGNORECASE)


def archive_paths(urls: Iterable[Url]) -> dict[Url, str]:
    """Give each URL a unique path below `md/`.

    Two pages never share a path, even if upper and lower case are not distinguished. If several pages would
    have the same path, the first page in the order of URLs gets it. The names of the others contain a hash of
    their URL. The result depends only on the set of URLs.
    """
    taken: set[str] = set()
    paths: dict[Url, str] = {}
    for url in sorted(set(urls)):
        path = _natural(url)
        if path.casefold() in taken:
            path = f"{path.removesuffix('.md')}-{_hash(url)}.md"
        taken.add(path.casefold())
        paths[url] = path
    return paths


def _natural(url: Url) -> str:
    *folders, last = [unquote(part, errors="replace") for part in url.path.split("/")[1:]]
    name = _PAGE_EXTENSION.sub("", last) or "index"
    if url.query:
        name = f"{name}-{unquote(url.query, errors='replace')}"
    names = [_folder(part) for part in folders if part]
    full = "/".join([ROOT, *names, f"{file_name(name)}{'-' + _hash(url) if url.query else ''}.md"])
    if len(full.encode()) <= LONGEST_PATH:
        return full
    first = names[0] if names else "long"
    return f"{ROOT}/{_folder(_cut(first, LONGEST_NAME // 2))}/{_cut(file_name(name), LONGEST_NAME)}-{_hash(url)}.md"


def _folder(text: str) -> str:
    # A folder called x.md would collide with the page x.
    name = file_name(text)
    return f"{name[:-3]}-md" if name.casefold().endswith(".md") else name


def file_name(text: str) -> str:
    """Return a name of at most 80 bytes that is valid on every file system."""
    name = unicodedata.normalize("NFC", clean_text(text))
    name = _UNSAFE.sub("-", name).strip("-. ") or "page"
    if _RESERVED.match(name):
        name = f"_{name}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{_cut(name, LONGEST_NAME - 9)}-{_hash_text(name)}"


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore").rstrip("-. ") or "page"


def _hash(url: Url) -> str:
    return _hash_text(url.target)


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
