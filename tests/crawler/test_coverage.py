"""Reports of a crawl about pages that it left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from testkit.crawler_program import call, command, environment
from testkit.serving import Answer, links, page, serving


def _site(count: int, *, delay: float = 0.0) -> dict[str, Answer | str]:
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*(f"/p/{number}" for number in range(1, count)))),
    }
    for number in range(1, count):
        text = page(f"Page {number}", f"<p>What page {number} says, in words of its own.</p>")
        pages[f"/p/{number}"] = Answer(text, delay=delay) if delay else text
    return pages


def test_page_limit_is_reported_everywhere(tmp_path: Path) -> None:
    with serving(_site(26)) as site:
        found = tmp_path / "found"
        crawled = call(site.url, tmp_path, "--max-pages=10", f"--found={found}")
    manifest = crawled.manifest
    sentence = "10 of 26 pages are included. Raise max_pages to include more."
    assert (manifest["pages_found"], manifest["truncated_by"], manifest["warnings"]) == (
        26,
        "max_pages",
        [sentence],
    )
    done = crawled.events[-1]
    assert (done["pages_crawled"], done["pages_found"], done["truncated_by"]) == (10, 26, "max_pages")
    assert found.read_text().split() == sorted(["/", *(f"/p/{number}" for number in range(1, 26))])


def test_a_whole_site_has_no_warning(tmp_path: Path) -> None:
    with serving(_site(5)) as site:
        manifest = call(site.url, tmp_path, "--max-pages=5").manifest
    assert (manifest["pages_found"], manifest["truncated_by"], manifest["warnings"]) == (5, None, [])


def test_a_sitemap_that_is_read_in_part_is_reported_everywhere(tmp_path: Path) -> None:
    sitemap = Answer(
        "<urlset><url><loc>/p/1</loc></url><url></loc></urlset>", headers={"Content-Type": "text/xml"}
    )
    with serving({**_site(5), "/sitemap.xml": sitemap}) as site:
        crawled = call(site.url, tmp_path)
        name = f"{site.url.rstrip('/')}/sitemap.xml"
    assert crawled.events[-1]["partial_sitemaps"] == 1
    assert [
        note for note in crawled.manifest["notes"] if note.startswith(f"{name} could be read only in part")
    ]
    sentence = "1 of the site's sitemaps could be read only in part; pages may be missing."
    assert crawled.manifest["warnings"] == [f"{sentence} The notes in manifest.json name them."]


def test_timeout_is_reported_with_the_pages_it_left_out(tmp_path: Path) -> None:
    with serving(_site(40, delay=1.0)) as site:
        manifest = call(site.url, tmp_path, "--timeout=5").manifest
    assert manifest["truncated_by"] == "timeout"
    assert manifest["pages_found"] == 40
    assert 1 < len(manifest["pages"]) < 40
    assert manifest["warnings"] == [
        f"{len(manifest['pages'])} of 40 pages are included. Raise timeout to include more."
    ]


def test_found_pages_include_excluded_ones_and_no_other_sites(tmp_path: Path) -> None:
    pages = {
        "/": page("Home", links("/docs/a/", "/docs/b.html", "/blog/c", "https://elsewhere.example.org/")),
        "/docs/a/": page("A", "<p>About a.</p>"),
        "/docs/b.html": page("B", "<p>About b.</p>"),
        "/blog/c": page("C", "<p>About c.</p>"),
    }
    with serving(pages) as site:
        found = tmp_path / "found"
        crawled = call(site.url, tmp_path, "--exclude=/blog", f"--found={found}")
    assert found.read_text().split() == ["/", "/blog/c", "/docs/a/", "/docs/b.html"]
    assert crawled.manifest["pages_found"] == 3


@pytest.mark.parametrize("option", ["--max-pages=10"])
def test_warning_names_the_option_that_raises_the_limit(tmp_path: Path, option: str) -> None:
    with serving(_site(26)) as site:
        said = subprocess.run(
            command(site.url, tmp_path / "out", option),
            capture_output=True,
            text=True,
            check=True,
            env=environment(site.url.split("/")[2]),
        ).stdout
    assert said.rstrip().endswith("10 of 26 pages are included. Raise --max-pages to include more.")


def test_the_manifest_names_the_section_of_each_page(tmp_path: Path) -> None:
    with serving(_site(4)) as site:
        crawled = call(site.url, tmp_path)
    titles = [
        line[3:] for line in (crawled.out / "llms.txt").read_text().splitlines() if line.startswith("## ")
    ]
    assert {entry["section"] for entry in crawled.manifest["pages"]} == set(titles)
