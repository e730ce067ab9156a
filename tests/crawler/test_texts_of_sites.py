"""Texts that a site sends in headers cannot harm programs and terminals that show reports."""

import logging
import re
from pathlib import Path

import pytest

from llmready.crawler.cli import CleanFormatter
from llmready.crawler.failures import Code, Failure
from testkit.crawler_program import call
from testkit.serving import HTML, Answer, links, page, serving

# A byte that is not UTF-8, an escape sequence, a control character of 8 bits and a bidirectional override.
BAD = b"\xff\x1b]0;title\x07\xc2\x9b31m\xe2\x80\xaeevil".decode("latin-1")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")
ANSWERS: dict[str, Answer | str] = {
    "/": page("Home", links("/encoding", "/type")),
    "/encoding": Answer("ab\0x", headers={"Content-Type": HTML, "Content-Encoding": BAD}),
    "/type": Answer("x", headers={"Content-Type": f"x/{BAD}"}),
}


def test_headers_of_a_page_cost_only_this_page(tmp_path: Path) -> None:
    with serving(ANSWERS) as site:
        crawled = call(site.url, tmp_path).completed()
    details = {failure["code"]: failure["detail"] for failure in crawled.manifest["failures"]}
    assert "evil" in details[Code.BAD_ENCODING]
    written = (crawled.out / "manifest.json").read_text()
    told = [event["detail"] for event in crawled.events if event["event"] == "page_failed"]
    assert told == list(details.values())
    assert not UNSEEN.search(written.replace("\n", "") + "".join(told) + crawled.stderr.replace("\n", ""))


def test_invalid_headers_of_the_start_page_are_reported_as_the_cause(tmp_path: Path) -> None:
    with serving(ANSWERS) as site:
        done = call(f"{site.url}/type", tmp_path).failed("not_html")
    assert not UNSEEN.search(done.last["detail"])


@pytest.mark.parametrize("detail", ["x \udcff", "x \x1b[31m", "x \u202e", "x\ny", "x \u200b"])
def test_details_are_one_line_without_control_characters(detail: str) -> None:
    assert Failure(Code.NOT_HTML, detail).detail in ("x", "x [31m", "x y")


def test_logged_texts_are_clean() -> None:
    record = logging.LogRecord("name", logging.INFO, "", 0, "read %s", ("a\x1b[31m\u202e\udcffb",), None)
    assert CleanFormatter("%(message)s").format(record) == "read a[31mb"
