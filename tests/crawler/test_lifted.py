"""Limits that an operator can raise, but only for sites in LLMREADY_CRAWL_ALLOW."""

from pathlib import Path

import pytest

from llmready.crawler.operator_settings import read_operator_settings
from llmready.crawler.options import Limits
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving


@pytest.fixture
def wide() -> dict[str, Answer | str]:
    pages: dict[str, Answer | str] = {"/": page("Home", links(*(f"/page-{number}" for number in range(40))))}
    for number in range(40):
        pages[f"/page-{number}"] = Answer(page(f"Page {number}"), delay=0.05)
    return pages


def test_allowed_site_gets_more_connections(wide: dict[str, Answer | str], tmp_path: Path) -> None:
    with serving(wide) as site:
        call(site.url, tmp_path, LLMREADY_CRAWL_CONNECTIONS="9").completed()
        assert 4 < site.most_at_once <= 9


def test_own_site_has_its_own_size_limit(wide: dict[str, Answer | str], tmp_path: Path) -> None:
    wide["/page-1"] = page("Large", f"<p>{'word ' * 300_000}</p>")
    with serving(wide) as site:
        stopped = call(site.url, tmp_path, LLMREADY_CRAWL_MB="1").completed()
        assert "stopped early" in " ".join(stopped.manifest["notes"])


def test_other_sites_keep_the_default_limits() -> None:
    environment = {
        "LLMREADY_CRAWL_ALLOW": "localhost:8080",
        "LLMREADY_CRAWL_CONNECTIONS": "50",
        "LLMREADY_CRAWL_MB": "5000",
    }
    operator_settings = read_operator_settings(environment)
    assert operator_settings.limits_for(parse("http://localhost:8080/docs")).connections == 50
    for other in ("https://example.com/", "http://localhost/", "http://localhost:8081/"):
        assert operator_settings.limits_for(parse(other)) == Limits()
