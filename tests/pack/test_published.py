"""Published results of ten sites, as two npm validators take them when served as docs/why.md recommends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
            pytest.skip("npm cannot reach its registry to download afdocs and @vercel/agent-readability")
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
            return Answer(file.read_bytes(), headers={"Content-Type": kind})
        found = answering(request.path)
        if found is not None:
            found.headers = {**found.headers, "Last-Modified": CHANGED}
        markdown = _markdown_of(path)
        if found is None or not out.is_dir() or not (out / markdown).is_file():
            return found
        if "text/markdown" in request.headers.get("Accept", ""):
            return Answer((out / markdown).read_bytes(), headers={"Content-Type": MARKDOWN, "Vary": "Accept"})
        link = f'<link rel="alternate" type="text/markdown" href="/{markdown}">'.encode()
        body = found.data.replace(b"</title>", b"</title>" + link, 1)
        return Answer(body, found.status, {**found.headers, "Vary": "Accept"})

    with serving(answering) as server:
        server.answer_request = answer
        call(
            server.url + site.start,
            folder,
            "--max-pages=40",
            "--layout=web-root",
            "--link-target=markdown",
            allow=server.address,
        ).completed()
        yield server


def _markdown_of(path: str) -> str:
    if not path or path.endswith("/"):
        return f"{path}index.md"
    return f"{path.removesuffix('.html')}.md"


def _report(command: list[str | Path]) -> Any:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    try:
        with published(request.param, tmp_path) as site:
            yield site
    except MissingPackageError as missing:
        pytest.skip(str(missing))


each_site = pytest.mark.parametrize("server", SITES, ids=lambda site: site.name, indirect=True)


# What a result's files cannot settle, with the reason. docs/quality.md tells the same to those who publish.
AFDOCS = {
    "llms-txt-directive-html": "the HTML is the site's own",
    "llms-txt-directive-md": "a page may be shorter than the front matter above the link",
    "cache-header-hygiene": "the web server sets these headers",
    "llms-txt-coverage": "these sites have no sitemap.xml to compare with",
    "page-size-html": "the HTML is the site's own",
    "page-size-markdown": "a page is not divided",
    "content-start-position": "the HTML is the site's own",
    "section-header-quality": "headings are the site's own",
    "markdown-content-parity": "menus and notices are left out of the Markdown",
    "markdown-link-portability": "a link that leads nowhere on the site leads nowhere in its Markdown",
    "markdown-code-fence-validity": "the tool misses code that opens a list item, which CommonMark allows",
    "auth-alternative-access": "no page needs a sign-in",
    "tabbed-content-serialization": "only for pages with tabs",
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
    server: Site, validators: Path, request: pytest.FixtureRequest
) -> None:
    options = ["--format=json", "--quiet", "--request-delay=0", "--max-links=20", "--sampling=deterministic"]
    if "[man pages]" in request.node.name:
        # The tool has to be told that the pages end in .html where the front page does, too.
        options.append("--url-path-pattern=html")
    report = _report([validators / "afdocs", "check", server.url, *options])
    found = {check["id"]: check for check in report["results"]}
    assert len(found) >= 25
    assert {name: check["message"] for name, check in found.items() if check["status"] == "error"} == {}
    missed = {name: check["message"] for name, check in found.items() if check["status"] != "pass"}
    assert {name: why for name, why in missed.items() if name not in AFDOCS} == {}


@each_site
def test_agent_readability_accepts_a_published_site(
    server: Site, validators: Path, request: pytest.FixtureRequest
) -> None:
    report = _report([validators / "agent-readability", "audit", server.url, "--json"])
    checks = [check for category in report["categories"].values() for check in category["checks"]]
    passed = {check["name"] for check in checks if check["passed"]}
    assert passed >= {"llms.txt", "llms.txt links resolve", "llms.txt size", "llms.txt valid", "sitemap.md"}
    missed = {check["name"]: check.get("detail") for check in checks if not check["passed"]}
    if "[one page]" in request.node.name:
        # This page has no sentence that could describe it.
        assert missed.pop("Frontmatter") == "missing description"
    assert {name: why for name, why in missed.items() if name not in VERCEL} == {}
