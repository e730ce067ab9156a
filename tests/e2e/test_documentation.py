"""A real documentation site, from start to download."""

import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from llms_txt import parse_llms_file

from testkit import needs
from testkit.sites import Site, serve_folder
from testkit.system import System

pytestmark = pytest.mark.e2e


@pytest.fixture
def git_documentation(site_ports: list[int]) -> Iterator[Site]:
    with serve_folder(needs.package("git-doc", needs.GIT_DOC), port=site_ports[-1]) as site:
        yield site


def test_git_documentation(system: System, git_documentation: Site) -> None:
    person = system.user("pro")
    website = person.website(f"{git_documentation.url}git.html", name="Git", max_pages=500)
    done = person.finished(person.start(website))
    assert done["status"] == "completed", done
    assert done["pages_crawled"] >= 150
    location = person.http.get(f"/generations/{done['id']}/download").headers["Location"]
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(location).content))
    manifest = json.loads(archive.read("manifest.json"))
    assert len({entry["path"] for entry in manifest["pages"]}) == done["pages_crawled"]
    links = [
        link
        for name in archive.namelist()
        if name == "llms.txt" or name.startswith("llms/")
        for section in parse_llms_file(archive.read(name).decode()).sections.values()
        for link in section
        if "/llms/" not in link.url  # an index too long for one file leads to its parts
    ]
    assert len(links) == done["pages_crawled"]
    assert {link.url for link in links} == {entry["url"] for entry in manifest["pages"]}
    rebase = archive.read(next(e["path"] for e in manifest["pages"] if e["url"].endswith("/git-rebase.html")))
    text = rebase.decode()
    assert "Reapply commits on top of another base tip" in text
    assert "git rebase" in text
    assert "```" in text
    assert "<div" not in text
    assert archive.read("llms-full.txt").decode().count("Reapply commits on top of another base tip") >= 1
