"""The layout `web-root`: each page's Markdown at the path where the site would serve it.

`/guide/` becomes `guide/index.md` and `/page.html` becomes `page.md`, beside `llms.txt`, `llms-full.txt` and
`sitemap.md`. The layout is made from the files of an archive, so that a crawl and a download give the same result.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmready.crawler.characters import clean_line
from llmready.crawler.pack.llms_txt import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGES = "md/"
_SITEMAP = "sitemap.md"
_MANIFEST = "manifest.json"
_INDEXES = ("llms.txt", "llms-full.txt")


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
    taken = {*_INDEXES, _SITEMAP, *(path for path in archive if path.startswith("llms/"))}
    files = {path: archive[path] for path in sorted(archive) if path in _INDEXES or path.startswith("llms/")}
    origin = _origin(manifest)
    for path in [path for path in files if path != "llms-full.txt"]:
        # Links to the Markdown files lead to md/ in an archive and to the root here.
        files[path] = files[path].replace(f"]({origin}/{_PAGES}".encode(), f"]({origin}/".encode())
    for path in sorted(archive):
        if path.startswith(_PAGES):
            place = path.removeprefix(_PAGES)
            files[_free(place, taken)] = archive[path]
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


def _free(place: str, taken: set[str]) -> str:
    """Return a path that no other file has; a page called sitemap gives way to `sitemap.md`."""
    candidate = place
    number = 2
    while candidate in taken:
        candidate = f"{place.removesuffix('.md')}-{number}.md"
        number += 1
    taken.add(candidate)
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
