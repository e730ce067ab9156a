"""The front matter of each Markdown file of an archive, and the line below it."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from testkit.crawler_program import Run, call
from testkit.serving import HTML, Answer, Request, page, serving

FIELDS = ["title", "description", "url", "canonical_url", "lang", "last_updated"]
OLD = "Tue, 04 Feb 2025 10:00:00 GMT"


def front_matter(done: Run, path: str) -> dict[str, str]:
    lines = (done.out / path).read_text().split("\n")
    assert lines[0] == "---"
    pairs = [line.split(": ", 1) for line in lines[1 : lines.index("---", 1)]]
    return {name: json.loads(value) for name, value in pairs}


def below_front_matter(done: Run, path: str) -> str:
    return (done.out / path).read_text().split("\n---\n\n", 1)[1]


def crawled(head: str, headers: dict[str, str], folder: Path, *options: str) -> tuple[Run, str]:
    body = page("Barley", "<p>Barley ripens before wheat.</p>", f'<meta charset="utf-8">{head}')
    body = body.replace("<html>", '<html lang="en">')
    with serving({"/": Answer(body, headers={"Content-Type": HTML, **headers})}) as site:
        return call(site.url, folder, *options).completed(), site.url


@pytest.mark.parametrize(("options", "path"), [((), "md/index.md"), (("--layout=web-root",), "index.md")])
def test_front_matter_fields_are_in_order(options: tuple[str, ...], path: str, tmp_path: Path) -> None:
    head = '<meta name="description" content="Barley: when it ripens, and what it is good for.">'
    done, url = crawled(head, {"Last-Modified": OLD}, tmp_path, *options)
    found = front_matter(done, path)
    assert list(found) == FIELDS
    assert found["canonical_url"] == found["url"] == f"{url}/"
    assert found["last_updated"] == "2025-02-04T10:00:00Z"
    assert found["lang"] == "en"


def test_one_line_below_leads_to_the_index(tmp_path: Path) -> None:
    done, url = crawled("", {}, tmp_path)
    first, empty, heading = below_front_matter(done, "md/index.md").split("\n")[:3]
    assert (first, empty, heading) == (f"> Barley: [llms.txt]({url}/llms.txt)", "", "# Barley")


@pytest.mark.parametrize("seconds", [0, 20, -20])
def test_last_modified_at_response_time_is_ignored(seconds: int, tmp_path: Path) -> None:
    with serving({}) as site:

        def answer(request: Request) -> Answer | None:
            stamp = formatdate(time.time() + seconds, usegmt=True)
            return (
                Answer(page("Oats"), headers={"Content-Type": HTML, "Last-Modified": stamp})
                if request.path == "/"
                else None
            )

        site.answer_request = answer
        done = call(site.url, tmp_path).completed()
    assert "last_updated" not in front_matter(done, "md/index.md")


def test_a_changing_header_does_not_hide_the_date_in_the_page(tmp_path: Path) -> None:
    head = '<meta property="article:modified_time" content="2024-11-05">'
    done, _ = crawled(head, {"Last-Modified": formatdate(usegmt=True)}, tmp_path)
    assert front_matter(done, "md/index.md")["last_updated"] == "2024-11-05"


def test_a_preview_names_the_public_address_of_the_same_page_as_canonical(tmp_path: Path) -> None:
    done, url = crawled('<link rel="canonical" href="https://barley.example/">', {}, tmp_path)
    found = front_matter(done, "md/index.md")
    assert (found["url"], found["canonical_url"]) == (f"{url}/", "https://barley.example/")


def test_a_published_file_that_is_crawled_again_has_one_front_matter_and_one_line(tmp_path: Path) -> None:
    first, url = crawled("", {"Last-Modified": OLD}, tmp_path / "first")
    served = (first.out / "md/index.md").read_text()
    markdown = Answer(served, headers={"Content-Type": "text/markdown; charset=utf-8"})
    with serving({"/": markdown}) as site:
        again = call(site.url, tmp_path / "second").completed()
    found = front_matter(again, "md/index.md")
    assert found["last_updated"] == "2025-02-04T10:00:00Z"
    assert below_front_matter(again, "md/index.md") == below_front_matter(first, "md/index.md").replace(
        url, site.url
    )


def test_the_map_of_a_published_site_has_its_name_and_lists_its_pages(tmp_path: Path) -> None:
    done, url = crawled("", {}, tmp_path, "--layout=web-root")
    assert (done.out / "sitemap.md").read_text() == f"# Barley\n\n- [Barley](<{url}/>)\n"
