"""The documentation page of the API in a browser."""

import os
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from testkit.system import Person, System
from tests.browser.chromium import chromium

pytestmark = pytest.mark.e2e


@pytest.fixture
def page() -> Iterator[Page]:
    # Chromium's own sandbox refuses to run as root.
    flags = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def test_docs_page_shows_all_operations_and_loads_nothing_from_other_hosts(
    system: System, person: Person, page: Page
) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(f"{system.url}/docs")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    page.wait_for_selector(".opblock")

    document = httpx.get(f"{system.url}/openapi.json").json()
    described = [(method.upper(), path) for path, ways in document["paths"].items() for method in ways]
    shown = zip(
        page.locator(".opblock-summary-method").all_inner_texts(),
        page.locator(".opblock-summary-path").evaluate_all("all => all.map(one => one.dataset.path)"),
        strict=True,
    )
    assert sorted(shown) == sorted(described)

    # The main use of the page: sign in and try a route.
    page.click("button.authorize")
    page.fill(".auth-container input", person.tokens["access_token"])
    page.click(".auth-btn-wrapper button.authorize")
    page.click(".auth-btn-wrapper button.btn-done")
    profile = page.locator(".opblock", has=page.get_by_text("Get your profile", exact=True)).first
    profile.locator(".opblock-summary-control").click()
    profile.get_by_role("button", name="Try it out").click()
    profile.get_by_role("button", name="Execute").click()
    profile.locator(".live-responses-table").get_by_text(person.email).first.wait_for()

    assert [url for url in asked if not url.startswith((f"{system.url}/", "data:"))] == []
    assert said == []
