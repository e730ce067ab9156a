"""Measure whether a crawl finds every page of real documentation, compared with following all links.

    python -m bench.coverage

Six documentation sites, taken from Debian's packages, are served by nginx. A simple program, which shares no code
with the crawler, follows every link and stores a digest of each HTML page. The digest leaves out `<meta>` elements,
because they are the only difference between the copies of a source file that Javadoc writes for each class in it. The
crawl's manifest is compared with it. A page counts as found if the manifest contains its address or the address of
another page with the same bytes. Two addresses in the manifest with the same bytes count as a duplicate.
"""

import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from bench.site import nginx
from testkit.packages import ROOT, MissingPackageError, unpacked

CACHE = ROOT / ".build" / "sites"
LIMIT = 99.0
"""Minimum share of the pages, in percent, that a crawl must find."""

MOST_PAGES = 20_000
_META = re.compile(rb"<meta[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Documentation:
    """A site: the generator of its pages, the package, the folder in the package, and the start page."""

    name: str
    package: str
    version: str
    folder: str
    start: str = ""


SITES = (
    Documentation(
        "Git (AsciiDoc)", "debian:git-doc", "1:2.39.5-0+deb12u3", "usr/share/doc/git-doc", "git.html"
    ),
    Documentation(
        "Python (Sphinx)", "debian:python3.11-doc", "3.11.2-6+deb12u9", "usr/share/doc/python3.11/html"
    ),
    Documentation(
        "PostgreSQL (DocBook)",
        "debian:postgresql-doc-15",
        "15.20-0+deb12u1",
        "usr/share/doc/postgresql-doc-15/html",
    ),
    Documentation(
        "Commons Lang (Javadoc)",
        "debian:libcommons-lang3-java-doc",
        "3.12.0-2+deb12u1",
        "usr/share/doc/libcommons-lang3-java/api",
    ),
    Documentation("GIO (gtk-doc)", "debian:libglib2.0-doc", "2.74.6-2+deb12u9", "usr/share/gtk-doc/html/gio"),
    Documentation("MkDocs (MkDocs)", "debian:mkdocs-doc", "1.4.2+dfsg-2", "usr/share/doc/mkdocs/html"),
)


class Links(HTMLParser):
    """Reads the links of a page."""

    _NAMES = {"a": "href", "area": "href", "frame": "src", "iframe": "src"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "base":
            self.base = attributes.get("href") or ""
        target = attributes.get(self._NAMES.get(tag, ""))
        if target:
            self.found.append(target)


@dataclass
class Walk:
    """The result of following every link: for each page, the digest of its bytes without its `<meta>` elements."""

    digests: dict[str, str] = field(default_factory=dict)

    def pages(self) -> set[str]:
        """Return the digests of all pages."""
        return set(self.digests.values())


def walk(start: str) -> Walk:
    """Follow every link of a site from one page."""
    found = Walk()
    host = urlsplit(start).netloc
    connection = http.client.HTTPConnection(host, timeout=30)
    waiting, seen = deque([start]), {start}
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.popleft()
        parts = urlsplit(url)
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        body = answer.read()
        kind = answer.getheader("Content-Type", "").partition(";")[0]
        location = answer.getheader("Location")
        targets = [location] if location else []
        if answer.status == 200 and kind == "text/html":
            found.digests[url] = hashlib.sha256(_META.sub(b"", body)).hexdigest()
            links = Links()
            links.feed(body.decode("utf-8", errors="replace"))
            targets = [urljoin(links.base, target) if links.base else target for target in links.found]
        for target in targets:
            try:
                joined = urlsplit(urljoin(url, target.strip()))
            except ValueError:
                continue
            path = quote(joined.path or "/", safe="/%:@!$&'()*+,;=~")
            address = joined._replace(fragment="", path=path).geturl()
            if joined.scheme == "http" and joined.netloc == host and address not in seen:
                seen.add(address)
                waiting.append(address)
    connection.close()
    return found


def crawl(start: str, folder: Path) -> tuple[list[str], list[dict[str, str]], float]:
    """Crawl a site; return the addresses of its pages, the failures, and the elapsed seconds."""
    out = folder / "out"
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "llmready.crawler",
            start,
            f"--out={out}",
            "--max-pages=100000",
            "--timeout=600",
        ],
        env={**os.environ, "LLMREADY_CRAWL_ALLOW": urlsplit(start).netloc},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the crawl of {start} failed: {done.stderr[-500:]}")
    manifest = json.loads((out / "manifest.json").read_text())
    return [page["url"] for page in manifest["pages"]], manifest["failures"], time.monotonic() - began


def measure(site: Documentation) -> bool:
    """Measure one site and print its line; return whether the limit is met."""
    root = unpacked(site.package, site.version, (site.folder,), CACHE) / site.folder
    with nginx(root) as host, tempfile.TemporaryDirectory() as folder:
        start = f"http://{host}/{site.start}"
        reference = walk(start)
        urls, failures, seconds = crawl(start, Path(folder))
    digests = [reference.digests.get(url, url) for url in urls]
    missed = sorted(reference.pages() - set(digests))
    duplicates = len(digests) - len(set(digests))
    total = len(reference.pages())
    share = 100 * (total - len(missed)) / total
    beyond = len([url for url in urls if url not in reference.digests])
    print(
        f"{site.name:24} {total:6} {total - len(missed):6} {share:7.2f} {duplicates:5} {beyond:5}"
        f" {len(failures):5} {seconds:6.1f}",
        flush=True,
    )
    reasons = {failure["url"]: failure["code"] for failure in failures}
    for digest in missed[:10]:
        url = next(url for url, known in reference.digests.items() if known == digest)
        print(f"    not found: {urlsplit(url).path} ({reasons.get(url, 'no failure reported')})")
    return share >= LIMIT and duplicates == 0


def main() -> int:
    """Measure all sites; return 1 if one is below the limit."""
    print(f"{'site':24} {'pages':>6} {'found':>6} {'%':>7} {'twice':>5} {'more':>5} {'fails':>5} {'s':>6}")
    held = []
    for site in SITES:
        try:
            held.append(measure(site))
        except MissingPackageError as missing:
            print(f"{site.name:24} left out: {missing}")
    print(f"limit: at least {LIMIT:g} % of the pages found by following all links, no duplicates")
    return 0 if len(held) >= 5 and all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
