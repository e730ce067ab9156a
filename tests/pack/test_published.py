"""Results of ten sites, published as docs/why.md recommends and checked by two npm validators."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.request import urlopen

import pytest

from testkit.crawler_program import call
from testkit.packages import MissingPackageError
from testkit.sample_sites import SITES, TestSite
from testkit.serving import Answer, Request, Site, serving

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ROOT / "tests" / "validators"
INSTALLED = ROOT / ".build" / "validators"
CHANGED = "Mon, 03 Mar 2025 08:00:00 GMT"
MARKDOWN = "text/markdown; charset=utf-8"
OF_SITE = ("/sitemap.xml", "/robots.txt")
CACHED = {"Cache-Control": "public, max-age=3600, must-revalidate"}
"""Of the files of a result, as docs/why.md recommends."""


# Error codes of npm for a registry that does not answer; any other error is a fault of the lock file.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")


@pytest.fixture(scope="session")
def validators() -> Path:
    """Install both validators as the lock file pins them, and return the folder of their commands."""
    lock = (PACKAGES / "package-lock.json").read_bytes()
    copy = INSTALLED / "package-lock.json"
    if not (INSTALLED / "node_modules").is_dir() or copy.read_bytes() != lock:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGES / name, INSTALLED)
        npm = Path(sys.executable).with_name("npm")
        options = ("--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error")
        done = subprocess.run(
            [npm, "ci", *options], cwd=INSTALLED, capture_output=True, text=True, check=False
        )
        if any(code in done.stderr for code in UNREACHABLE):
            pytest.skip(
                "needs afdocs and @vercel/agent-readability; run the test where npm reaches its registry"
            )
        assert done.returncode == 0, done.stderr
    return INSTALLED / "node_modules" / ".bin"


@contextmanager
def published(site: TestSite, folder: Path) -> Iterator[Site]:
    """Crawl a site, and serve it with the layout web-root at its root."""
    answering = site.answering()
    out = folder / "out"

    def answer(request: Request) -> Answer | None:
        path = unquote(request.path.partition("?")[0]).lstrip("/")
        file = out / path
        if path.endswith((".md", ".txt")) and file.is_file():
            kind = MARKDOWN if path.endswith(".md") else "text/plain; charset=utf-8"
            return Answer(file.read_bytes(), headers={"Content-Type": kind, **CACHED})
        if out.is_dir() and f"/{path}" in OF_SITE:
            text, kind = _of_site(path, out, running.url)
            return Answer(text, headers={"Content-Type": kind, **CACHED})
        found = answering(request.path)
        if found is not None:
            found.headers = {**found.headers, "Last-Modified": CHANGED}
        markdown = _markdown_of(path)
        if found is None or not out.is_dir() or not (out / markdown).is_file():
            return found
        if "text/markdown" in request.headers.get("Accept", ""):
            data = (out / markdown).read_bytes()
            return Answer(data, headers={"Content-Type": MARKDOWN, "Vary": "Accept", **CACHED})
        link = f'<link rel="alternate" type="text/markdown" href="/{markdown}">'.encode()
        body = _with_index_link(found.data.replace(b"</title>", b"</title>" + link, 1))
        return Answer(body, found.status, {**found.headers, "Vary": "Accept", **CACHED})

    with serving(answering) as running:
        running.answer_request = answer
        call(
            running.url + site.start,
            folder,
            "--max-pages=40",
            "--layout=web-root",
            "--link-target=markdown",
            allow=running.address,
        ).completed()
        yield running


def _of_site(path: str, out: Path, origin: str) -> tuple[str, str]:
    """Return a file that the sites of this test lack, for checks that compare the result with it, and its type."""
    if path == "robots.txt":
        return f"User-agent: *\nAllow: /\nSitemap: {origin}/sitemap.xml\n", "text/plain"
    found = (
        re.search(r'^url: "(.*)"$', file.read_text(), re.MULTILINE) for file in sorted(out.rglob("*.md"))
    )
    # A static server, as docs/why.md recommends, ignores the query of a URL.
    urls = "".join(
        f"<url><loc>{escape(url[1])}</loc><lastmod>2025-03-03</lastmod></url>"
        for url in found
        if url and "?" not in url[1]
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>', "application/xml"


def _listed(server: Site) -> list[str]:
    """Return the URLs of the pages of a published site."""
    with urlopen(f"{server.url}/sitemap.xml", timeout=60) as answer:
        return [unescape(url) for url in re.findall(r"<loc>([^<]+)</loc>", answer.read().decode())]


def _with_index_link(html: bytes) -> bytes:
    """Return a page with the link to llms.txt that docs/why.md recommends, at the start of its body."""
    start = _BODY.search(html) or _TITLE.search(html)
    place = start.end() if start else 0
    return html[:place] + b'<a href="/llms.txt" hidden>Index for agents: llms.txt</a>' + html[place:]


def _markdown_of(path: str) -> str:
    if not path or path.endswith("/"):
        return f"{path}index.md"
    return f"{path.removesuffix('.html')}.md"


_BODY, _TITLE = re.compile(rb"(?i)<body[^>]*>"), re.compile(rb"(?i)</title>")


def _report(command: list[str | Path], folder: Path) -> Any:
    """Run a validator, and return its report once it is complete.

    The validator is ended then, because afdocs waits up to two minutes for answers that it did not read to their end.
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    output, errors = folder / "report.json", folder / "errors.txt"
    with output.open("wb") as out, errors.open("wb") as err:
        running = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
    try:
        for _ in range(3000):
            ended = running.poll() is not None
            try:
                return json.loads(output.read_bytes())
            except ValueError:
                assert not ended, errors.read_text()
            time.sleep(0.1)
        raise AssertionError(f"no report within five minutes: {errors.read_text()}")
    finally:
        running.kill()
        running.wait()


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    try:
        with published(request.param, tmp_path) as site:
            yield site
    except MissingPackageError as missing:
        pytest.skip(str(missing))


each_site = pytest.mark.parametrize("server", SITES, ids=lambda site: site.name, indirect=True)


# Problems that the files of a result cannot solve, with the reason. docs/quality.md lists them for users.
AFDOCS = {
    "llms-txt-directive-md": "a page may be shorter than the front matter above the link",
    "page-size-html": "the HTML is the site's own",
    "page-size-markdown": "a page is not divided",
    "content-start-position": "the HTML is the site's own",
    "section-header-quality": "headings are the site's own",
    "markdown-content-parity": "menus and notices are left out of the Markdown",
    "markdown-link-portability": "a link that leads nowhere on the site leads nowhere in its Markdown",
    "markdown-code-fence-validity": "the tool misses code that opens a list item, which CommonMark allows",
}
VERCEL = {
    "sitemap.xml": "the site's own file",
    "robots.txt": "the site's own file",
    "Structured data": "the HTML is the site's own",
    "Agent UA \u2192 markdown": "the web server decides what it serves to whom",
    ".md URL \u2192 markdown": "for a front page it asks http://HOST.md, which is no address of the site",
    "Canonical URL": "the HTML is the site's own",
    "Meta description": "the HTML is the site's own",
    "Heading structure": "the HTML is the site's own",
    "Server-rendered content": "the HTML is the site's own",
    "Missing page \u2192 markdown": "a missing page answers 404",
}


@each_site
def test_afdocs_accepts_a_published_site(
    server: Site, validators: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    options = ["--format=json", "--quiet", "--request-delay=0", "--max-links=20", "--sampling=deterministic"]
    if "[man pages]" in request.node.name:
        # The tool has to be told that the pages end in .html where the front page does, too.
        options.append("--url-path-pattern=html")
    report = _report([validators / "afdocs", "check", server.url, *options], tmp_path)
    found = {check["id"]: check for check in report["results"]}
    assert len(found) >= 25
    assert {name: check["message"] for name, check in found.items() if check["status"] == "error"} == {}
    # A check that does not apply to a site, such as that of pages with tabs, is skipped by the tool.
    missed = {name: check["message"] for name, check in found.items() if check["status"] in ("fail", "warn")}
    assert {name: why for name, why in missed.items() if name not in AFDOCS} == {}


@each_site
def test_agent_readability_accepts_a_published_site(
    server: Site, validators: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    # For a front page the tool requests http://HOST.md, and for /page.html it requests /page.html.md; neither is an
    # address of the site. Where the site has other pages, one of them is checked.
    pages = [url for url in _listed(server) if re.search(r"/[^/.]+$", url)]
    page = max(pages, default=server.url)
    # With a sitemap the tool picks any of its pages instead of this one.
    answer = server.answer_request
    assert answer is not None
    server.answer_request = lambda request: None if request.path in OF_SITE else answer(request)
    report = _report([validators / "agent-readability", "audit", page, "--json"], tmp_path)
    checks = [check for category in report["categories"].values() for check in category["checks"]]
    passed = {check["name"] for check in checks if check["passed"]}
    assert passed >= {"llms.txt", "llms.txt links resolve", "llms.txt size", "llms.txt valid", "sitemap.md"}
    missed = {check["name"]: check.get("detail") for check in checks if not check["passed"]}
    if "[one page]" in request.node.name:
        # This page has no sentence that could describe it.
        assert missed.pop("Frontmatter") == "missing description"
    assert {name: why for name, why in missed.items() if name not in VERCEL} == {}
