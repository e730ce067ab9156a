"""Everybody can use every screen: axe, narrow windows, large text, the keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from testkit.sites import Site
from testkit.system import PASSWORD, ROOT, System
from tests.web.conftest import Visitor
from tests.web.test_flows import finished_website, overflow

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIGNED_OUT = (
    "/",
    "/?url=example.com",
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/reset-password#token=x",
    "/nowhere",
)
SIGNED_IN = (
    "/websites", "/usage", "/account", "/account/password", "/account/sign-ins", "/account/mails", "/account/keys",
    "/account/data", "/websites/{id}", "/websites/{id}/pages", "/websites/{id}/score",
    "/websites/{id}/changes", "/websites/{id}/use", "/websites/{id}/history", "/websites/{id}/settings",
)  # fmt: skip


def violations(page: Page) -> list[str]:
    """Return what axe-core finds, one line for each element."""
    page.evaluate(Path(AXE).read_text())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_screen(system: System, visit: Visit, handbook: Site, scheme: str) -> None:
    found: dict[str, list[str]] = {}
    visitor = visit(color_scheme=scheme)
    page = visitor.open()
    for path in SIGNED_OUT:
        page.goto(visitor.origin + path)
        settled(page)
        found[path] = violations(page)
    person, website, _ = finished_website(system, handbook)
    page = visitor.sign_in(person)
    for path in SIGNED_IN:
        page.goto(visitor.origin + path.format(id=website))
        settled(page)
        found[path] = violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "options", [{"viewport": {"width": 320, "height": 640}}, {"viewport": {"width": 768, "height": 900}}]
)
def test_no_screen_scrolls_sideways(
    system: System, visit: Visit, handbook: Site, options: dict[str, object]
) -> None:
    visitor = visit(**options)
    page = visitor.open()
    wide = {}
    for path in SIGNED_OUT:
        page.goto(visitor.origin + path)
        settled(page)
        wide[path] = overflow(page)
    person, website, _ = finished_website(system, handbook)
    page = visitor.sign_in(person)
    for path in SIGNED_IN:
        page.goto(visitor.origin + path.format(id=website))
        settled(page)
        wide[path] = overflow(page)
    assert {path: pixels for path, pixels in wide.items() if pixels > 0} == {}


def test_sign_in_and_key_creation_need_no_pointer(system: System, visit: Visit) -> None:
    person = system.user()
    page = visit().open("/sign-in?next=/account/keys")
    page.get_by_label("E-mail").focus()
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/keys")
    page.get_by_label("Name").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_be_visible()


def test_names_and_live_regions_reach_screen_readers(system: System, visit: Visit) -> None:
    page = visit().sign_in(system.user(), "/websites")
    expect(page.get_by_text("No websites yet")).to_be_visible()
    snapshot = page.locator("body").aria_snapshot()
    for expected in (
        "banner",
        'navigation "Main"',
        "main",
        'heading "Websites" [level=1]',
        'button "Add website"',
    ):
        assert expected in snapshot, snapshot
