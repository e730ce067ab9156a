"""llms.txt of ten sites, checked by the format's reference parser and by validators."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import llms_txt_audit
import llmstxt
import pytest
from llms_txt import parse_llms_file

from testkit.crawler_program import Run, call
from testkit.packages import MissingPackageError
from testkit.sample_sites import SITES, TestSite
from testkit.serving import Answer, serving

LONGEST = 50_000


@pytest.mark.parametrize("link_target", ["page", "markdown"])
@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_validators_accept_the_files_and_every_link_answers(
    site: TestSite, link_target: str, tmp_path: Path
) -> None:
    try:
        answering = site.answering()
    except MissingPackageError as missing:
        pytest.skip(str(missing))
    uploaded = tmp_path / "out"

    def answer(path: str) -> Answer | None:
        """The site with the archive at its root, as its owner would put it there."""
        file = uploaded / unquote(path).lstrip("/")
        own = path.startswith(("/llms", "/md/")) and file.is_file()
        return Answer(file.read_bytes(), headers={"Content-Type": "text/plain"}) if own else answering(path)

    with serving(answer) as server:
        done = call(
            server.url + site.start,
            tmp_path,
            "--max-pages=40",
            f"--link-target={link_target}",
            allow=server.address,
        ).completed()
        texts = {str(file.relative_to(done.out)): file.read_text() for file in done.out.glob("llms.txt")}
        texts |= {str(file.relative_to(done.out)): file.read_text() for file in done.out.glob("llms/*.txt")}
        links = [link for name, text in texts.items() for link in _links(name, text)]
        statuses = asyncio.run(_statuses(links))
    assert statuses == dict.fromkeys(links, 200)
    listed = [link for link in links if "/llms/" not in link]
    assert len(listed) == len(set(listed)) == done.last["pages_crawled"]
    if link_target == "markdown":
        origin = server.url
        assert {unquote(link) for link in listed} == {f"{origin}/{path}" for path in _paths(done)}
    titles = [link["title"] for link in _entries(texts)]
    assert len({title.casefold() for title in titles}) == len(titles)
    assert not {"index", "untitled", ""} & {title.casefold() for title in titles}


def _links(name: str, text: str) -> list[str]:
    """Return the links of an index that three validators accept."""
    assert len(text) <= LONGEST
    parsed = parse_llms_file(text)
    assert parsed.title
    assert parsed.summary
    report = llmstxt.validate(text)
    assert report.ok, (name, report.errors)
    # The test server causes the http problem, and the small site causes the small number of links.
    warned = {check.label for check in report.checks if not check.ok} - {
        "All links use HTTPS",
        "Links to key pages",
    }
    assert warned <= {"Links have descriptions"}, name
    audit = llms_txt_audit.audit_text(text)
    assert audit.ok, audit.findings
    assert not [
        finding
        for finding in audit.findings
        if finding.severity == "warning" and finding.code != "private-looking-url"
    ]
    links = [link.url for part in parsed.sections.values() for link in part]
    assert links == [link.url for link in llmstxt.parse(text).links]
    return links


def _entries(texts: dict[str, str]) -> list[dict[str, str]]:
    return [
        link for text in texts.values() for part in parse_llms_file(text).sections.values() for link in part
    ]


def _paths(done: Run) -> set[str]:
    return {entry["path"] for entry in done.manifest["pages"]}


async def _statuses(links: list[str]) -> dict[str, int]:
    async with aiohttp.ClientSession() as session:
        gate = asyncio.Semaphore(8)

        async def status(link: str) -> int:
            async with gate, session.get(link) as answer:
                return answer.status

        return dict(zip(links, await asyncio.gather(*map(status, links)), strict=True))
