"""Requests that Chromium's own process sends for a page. The crawler cannot pause them, so it prevents them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llmready.crawler.browser import other_hosts, tab
from llmready.crawler.browser.more import read_with_more
from llmready.crawler.browser.other_hosts import (
    MOST_OF_A_PAGE_TO_A_HOST,
    MOST_TO_THE_SITE,
    OtherHosts,
    PageRequests,
)
from llmready.crawler.browser.process import arguments
from llmready.crawler.browser.shown_headers import FEATURES_ON
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.robots import Robots
from llmready.crawler.urls import parse
from testkit.crawler_program import call
from testkit.serving import Answer, serving
from tests.browser.chromium import chromium, hosts_asked_for
from tests.browser.test_other_hosts import victim
from tests.browser.test_rendering import failures, markdown, shell

CHANGES = "setInterval(() => document.body.append('x'), 90);"
CREDENTIALS = """
const VICTIM = 'http://ADDRESS';
const ways = [
  (i) => ({ identity: { providers: [{ configURL: `${VICTIM}/fedcm?${i}`, clientId: '1' }] } }),
  (i) => ({ publicKey: { challenge: new Uint8Array(16), rpId: `victim${i}.example` } }),
];
const made = (i) => ({ publicKey: { challenge: new Uint8Array(16), rp: { id: `victim${i}.example`, name: 'a' },
  user: { id: new Uint8Array(8), name: 'a', displayName: 'a' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } });
const within = () => AbortSignal.timeout(200);
(async () => {
  for (let i = 0; i < 3; i++) {
    for (const way of ways) await navigator.credentials.get({ signal: within(), ...way(i) }).catch(() => 0);
    await navigator.credentials.create({ signal: within(), ...made(i) }).catch(() => 0);
  }
  await fetch(`${VICTIM}/end`, { mode: 'no-cors' });
  write('Asks for credentials.');
})();
"""
SPECULATION = """
let number = 0;
const ask = () => {
  const urls = Array.from({ length: 40 }, () => `http://ADDRESS/rules?${number++}`);
  const rules = (eagerness) => [{ source: 'list', eagerness, urls: urls.map((url) => url + eagerness) }];
  const script = document.createElement('script');
  script.type = 'speculationrules';
  script.textContent = JSON.stringify({ prefetch: [...rules('immediate'), ...rules('moderate')],
    prerender: rules('eager') });
  document.head.append(script);
  setTimeout(() => script.remove(), 250);
};
setInterval(ask, 300);
ask();
write('Speculates.');
"""
FEATURES = "write('Allowed: ' + document.featurePolicy.allowedFeatures().join(' ') + ' End.');"


def test_a_page_cannot_make_the_browser_itself_ask_for_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium()
    asked = hosts_asked_for(monkeypatch)
    with (
        victim() as attacked,
        serving({"/": shell(CREDENTIALS.replace("ADDRESS", attacked.address))}) as site,
    ):
        # WebAuthn works only for names.
        allow = f"localhost:{site.port},{attacked.address}"
        result = call(f"http://localhost:{site.port}/", tmp_path, "--use-playwright", allow=allow).completed()
    assert "Asks for credentials." in markdown(result, "/")
    assert attacked.asked == {"GET": 1}
    assert set(asked) == {"127.0.0.1"}


def test_the_browser_prefetches_nothing_for_the_rules_of_a_page(tmp_path: Path) -> None:
    chromium()
    with (
        victim() as attacked,
        serving({"/": shell(CHANGES + SPECULATION.replace("ADDRESS", attacked.address))}) as site,
    ):
        allow = f"{site.address},{attacked.address}"
        result = call(site.url, tmp_path, "--use-playwright", allow=allow).completed()
    assert "Speculates." in markdown(result, "/")
    assert not attacked.asked


def test_pages_have_no_feature_of_the_browser_that_a_crawl_does_not_need(tmp_path: Path) -> None:
    chromium()
    with serving({"/": shell(FEATURES)}) as site:
        result = call(site.url, tmp_path, "--use-playwright").completed()
    found = re.search(r"Allowed: (.*?) End\.", markdown(result, "/").partition("\n---\n")[2])
    assert found is not None
    allowed = {name for name in found[1].split() if not name.startswith("ch-")}
    assert allowed - FEATURES_ON == set()


def test_a_page_whose_browser_sends_too_many_requests_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium()
    most = 30
    monkeypatch.setattr(other_hosts, "MOST_OF_A_PAGE_TO_A_HOST", most)
    monkeypatch.setattr(
        "llmready.crawler.browser.browser.arguments",
        lambda proxy: [one for one in arguments(proxy) if "enable-features" not in one],
    )
    with victim() as attacked:
        pages: dict[str, Answer | str] = {
            "/": shell("write('<a href=/speculation>S</a>')"),
            "/speculation": shell(CHANGES + SPECULATION.replace("ADDRESS", attacked.address)),
        }
        with serving(pages) as site:
            allow = f"{site.address},{attacked.address}"
            result = call(site.url, tmp_path, "--use-playwright", allow=allow).completed()
    assert failures(result, site) == {"/speculation": "page_too_large"}
    # Those that are on their way when the page fails are sent.
    assert attacked.asked["GET"] < 2 * most


def test_requests_that_are_not_paused_count() -> None:
    page = parse("https://example.com/")
    for url, most in (
        ("https://other.example/x", MOST_OF_A_PAGE_TO_A_HOST),
        ("https://www.example.com/x", MOST_TO_THE_SITE),
    ):
        requests = PageRequests(page, Robots(page, ""), OtherHosts(lambda: 0.0))
        for number in range(most):
            requests.was_sent("1" if number % 2 else str(number), url)
        with pytest.raises(Failure):
            requests.was_sent("1", url)
    requests.was_sent("1", "data:,")


WORDS = "Words that a script adds, and that only a browser gets to see, so that the page has text. " * 10
ANSWERS = {
    "/text": "Object.defineProperty(Node.prototype, 'textContent', { get: () => ({ length: 'x' }) });",
    "/scroll": "Object.defineProperty(Element.prototype, 'scrollTop', { get: () => NaN, set: () => 0 });",
    "/clock": "performance.now = () => '0';",
    "/elements": "document.getElementsByTagName = () => ({ length: null });",
    "/many": "document.getElementsByTagName = () => ({ length: [] });",
}


def test_a_page_that_changes_the_answers_of_the_crawlers_scripts_affects_only_itself(tmp_path: Path) -> None:
    chromium()
    pages: dict[str, Answer | str] = {
        path: f"<!doctype html><title>T</title><body><script>document.body.innerHTML = '<p>{WORDS}</p>'; {script}"
        "</script>"
        for path, script in ANSWERS.items()
    }
    pages["/"] = "<!doctype html><title>Home</title><h1>Home</h1>" + "".join(
        f"<p>{WORDS}</p><a href={path}>{path}</a>" for path in ANSWERS
    )
    with serving(pages) as site:
        result = call(site.url, tmp_path, "--use-playwright").completed()
        assert failures(result, site) == {"/elements": "render_failed", "/many": "render_failed"}
    assert WORDS.strip() in markdown(result, "/text")


@pytest.mark.parametrize("is_read", [True, False])
def test_an_error_of_the_crawler_does_not_lose_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_read: bool
) -> None:
    chromium()

    async def failing(*given: object) -> None:
        if is_read:
            await read_with_more(*given)  # type: ignore[arg-type]
        raise TypeError("an error of the crawler")

    monkeypatch.setattr(tab, "read_with_more", failing)
    pages: dict[str, Answer | str] = {
        "/": f"<!doctype html><title>Home</title><h1>Home</h1><p>{WORDS}</p><a href=/shell>S</a>",
        "/shell": shell("write('Words.')"),
    }
    with serving(pages) as site:
        result = call(site.url, tmp_path, "--use-playwright").completed()
        assert failures(result, site) == ({} if is_read else {"/shell": "render_failed"})
    assert ("more text than the crawl waits for" in json.dumps(result.manifest["notes"])) is is_read
