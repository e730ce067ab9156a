"""Requests of a page that outlive its tab, and documents that a page makes itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from testkit.crawler_program import call
from testkit.serving import Answer, Request, serving
from tests.browser.chromium import chromium, hosts_asked_for
from tests.browser.test_other_hosts import victim
from tests.browser.test_rendering import failures, markdown, shell

POSTS = """
for (let i = 0; i < 4; i++) fetch(`/late?${i}`, { method: 'POST', keepalive: true, body: 'delete=everything' });
setTimeout(() => { location = URL.createObjectURL(new Blob(['<p>A'], { type: 'text/html' })); }, 200);
write('Leaves.');
"""
DOCUMENT = """
const ask = async () => {
  for (;;) {
    const publicKey = { challenge: new Uint8Array(16), rpId: `victim${Math.random()}.example` };
    await navigator.credentials.get({ signal: AbortSignal.timeout(100), publicKey }).catch(() => 0);
    await new Promise((done) => setTimeout(done, 20));
  }
};
const html = `<p>A document of the page.<script>(${ask})()</scr` + `ipt><script src=${origin}/slow.js></scr` + 'ipt>';
location = URL.createObjectURL(new Blob([html], { type: 'text/html' }));
"""
SLOW = "setTimeout(() => write('Comes late.'), 3500);"


def test_no_request_that_outlives_its_tab_is_redirected_to_another_host(tmp_path: Path) -> None:
    chromium()
    with victim() as attacked:
        late: list[str] = []

        def answer(request: Request) -> Answer | None:
            if request.path.startswith("/late"):
                late.append(request.path)
                target = f"http://{attacked.address}/login"
                return Answer(status=307, headers={"Location": target}, delay=2.5)
            pages = {"/": shell("write('<a href=/bad>B</a><a href=/slow1>S</a><a href=/slow2>S</a>')")}
            pages |= {"/bad": shell(POSTS), "/slow1": shell(SLOW), "/slow2": shell(SLOW)}
            return Answer(pages[request.path]) if request.path in pages else None

        with serving({}) as site:
            site.answer_request = answer
            allow = f"{site.address},{attacked.address}"
            result = call(site.url, tmp_path, "--use-playwright", allow=allow).completed()
            assert failures(result, site) == {"/bad": "redirects_elsewhere"}
    assert late
    assert "Comes late." in markdown(result, "/slow1")
    assert "Comes late." in markdown(result, "/slow2")
    assert not attacked.asked


def test_a_document_that_the_page_makes_itself_is_left_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium()
    asked = hosts_asked_for(monkeypatch)
    pages: dict[str, Answer | str] = {
        "/": shell("write('<a href=/bad>B</a>')"),
        "/bad": shell(DOCUMENT),
        "/slow.js": Answer("", headers={"Content-Type": "text/javascript"}, delay=4),
    }
    with serving(pages) as site:
        allow = f"localhost:{site.port}"
        result = call(f"http://localhost:{site.port}/", tmp_path, "--use-playwright", allow=allow).completed()
    assert [one["code"] for one in result.manifest["failures"]] == ["redirects_elsewhere"]
    assert len([host for host in asked if host.startswith("victim")]) < 5
