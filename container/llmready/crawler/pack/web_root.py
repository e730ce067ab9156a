"""The layout `web-root`: each page's Markdown at the path where the site would serve it.

`/guide/` becomes `guide/index.md` and `/page.html` becomes `page.md`, beside `llms.txt`, `llms-full.txt` and
`sitemap.md`. The layout is made from the files of an archive. A crawl and a download therefore give the same result.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmready.crawler.characters import clean_line
from llmready.crawler.pack.llms_txt import FOLDER, ROOT, escape, own_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PAGES = "md/"
_SITEMAP = "sitemap.md"
_MANIFEST = "manifest.json"
_INDEXES = (ROOT, "llms-full.txt")
_PARTS = f"{FOLDER}/"


def web_root(archive: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the layout `web-root`.

    Args:
        archive: Content of an archive by path, with `manifest.json`.

    Returns:
        Content by path, relative to the root of the website.

    Raises:
        ValueError: The archive has no readable manifest.
    """
    manifest = _manifest(archive)
    files = {path: archive[path] for path in sorted(archive) if path in _INDEXES or path.startswith(_PARTS)}
    origin = _origin(manifest)
    places = _Places([*_INDEXES, _SITEMAP, *files])
    links: dict[bytes, bytes] = {}
    for path in sorted(archive):
        if path.startswith(_PAGES):
            place = places.free(path.removeprefix(_PAGES))
            files[place] = archive[path]
            links[own_link(origin, path).encode()] = own_link(origin, place).encode()
    # Links to the Markdown files lead to md/ in an archive and to the root here.
    root = f"{origin}/".encode()
    link = re.compile(rb"(?<=\]\()%s%s([^)\s]*)" % (re.escape(root), _PAGES.encode()))
    for path in [path for path in files if path == ROOT or path.startswith(_PARTS)]:
        files[path] = link.sub(lambda match: links.get(match[0], root + match[1]), files[path])
    files[_SITEMAP] = _sitemap(manifest)
    return files


def _manifest(archive: Mapping[str, bytes]) -> dict[str, object]:
    try:
        manifest: dict[str, object] = json.loads(archive[_MANIFEST])
    except (KeyError, ValueError) as error:
        raise ValueError("The archive has no readable manifest.json.") from error
    return manifest


def _origin(manifest: Mapping[str, object]) -> str:
    parts = urlsplit(str(manifest.get("origin", "")))
    return f"{parts.scheme}://{parts.netloc}"


class _Places:
    """The paths of the layout.

    They are distinct on file systems that distinguish upper and lower case, and on others.

    Args:
        taken: Paths of the index files.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._files: set[str] = set()
        self._taken: set[str] = set()
        """Files and folders."""
        for path in taken:
            self._take(path)

    def free(self, place: str) -> str:
        """Return a path that collides with no other path, and reserve it.

        A page named sitemap must not replace `sitemap.md`, and a folder named llms.txt must not replace the file.
        """
        *folders, name = place.removesuffix(".md").split("/")
        parent = ""
        for folder in folders:
            parent = _numbered(f"{parent}{folder}", "", self._files) + "/"
        free = _numbered(f"{parent}{name}", ".md", self._taken)
        self._take(free)
        return free

    def _take(self, path: str) -> None:
        folded = path.casefold()
        self._files.add(folded)
        parts = folded.split("/")
        self._taken.add(folded)
        self._taken.update("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _numbered(stem: str, end: str, taken: set[str]) -> str:
    """Return `stem` and `end`, with a number between them if this name is taken."""
    candidate = f"{stem}{end}"
    number = 2
    while candidate.casefold() in taken:
        candidate = f"{stem}-{number}{end}"
        number += 1
    return candidate


def _sitemap(manifest: Mapping[str, object]) -> bytes:
    """Return a list of all pages in Markdown, in the order of their URLs."""
    pages = manifest.get("pages")
    listed = sorted(pages if isinstance(pages, list) else [], key=lambda page: str(page["url"]))
    links = "".join(f"- [{_escaped(page.get('title') or page['url'])}](<{page['url']}>)\n" for page in listed)
    return f"# {_escaped(manifest.get('site_name') or 'Sitemap')}\n\n{links}".encode()


def _escaped(text: object) -> str:
    """Write plain text as in llms.txt, and on one line, because manifests of other programs are read as well."""
    return escape(clean_line(str(text)))
