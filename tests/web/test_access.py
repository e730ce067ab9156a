"""Accessibility of every screen: axe, narrow windows, large text, keyboard."""

import uuid
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
    # The long table fills its box, with as many columns as fit.
    page.goto(f"{visitor.origin}/websites/{website}/pages")
    table = page.get_by_role("table", name="Pages")
    expect(table).to_be_visible()
    assert table.evaluate("table => table.offsetWidth - table.parentElement.clientWidth") == 0


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


def test_every_flow_works_with_the_keyboard_only(visit: Visit, handbook: Site) -> None:
    """All controls are reached with Tab and operated with Enter, Space and arrow keys, without clicks."""
    visitor = visit()
    page = visitor.open()

    def press(role: str, name: str, *keys: str) -> None:
        """Tab to a control and press keys on it."""
        wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        expect(wanted.first).to_be_visible(timeout=90_000)
        for _ in range(80):
            if page.evaluate("element => element === document.activeElement", wanted.first.element_handle()):
                break
            page.keyboard.press("Tab")
        expect(wanted.first).to_be_focused()
        for key in keys:
            page.keyboard.press(key)

    def fill(name: str, text: str) -> None:
        press("textbox", name)
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(text)

    # From the address to the files.
    fill("Website address", handbook.url)
    page.keyboard.press("Enter")
    fill("E-mail", f"{uuid.uuid4().hex[:12]}@example.org")
    fill("Password", PASSWORD)
    page.keyboard.press("Enter")
    with page.expect_download():
        press("button", "Download", "Enter")
    # A schedule and another name.
    press("link", "Settings", "Enter")
    press("combobox", "Generate automatically", "m")
    fill("Name", "By keyboard")
    press("button", "Save", "Enter")
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    # A key, and a webhook whose address is refused.
    page.goto(f"{visitor.origin}/account/keys")
    fill("Name", "Deployment")
    press("checkbox", "Manage webhooks (webhooks)", "Space")
    press("button", "Create key", "Enter")
    expect(page.get_by_text("read, generate, websites")).to_be_visible()
    press("button", "Revoke Deployment", "Enter")
    press("button", "Revoke", "Space")
    expect(page.get_by_text("No API keys")).to_be_visible()
    press("link", "Webhooks", "Enter")
    fill("Address", "https://127.0.0.1/hooks")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("public")
    # Deletion, with Escape as the way back.
    press("link", "Websites", "Enter")
    press("link", "By keyboard", "Enter")
    press("link", "Settings", "Enter")
    press("button", "Delete website", "Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press("button", "Delete website", "Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete website").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No websites yet")).to_be_visible()


def test_text_of_twice_the_size_and_less_motion_are_respected(
    system: System, visit: Visit, handbook: Site
) -> None:
    person, website, _ = finished_website(system, handbook)
    visitor = visit(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = visitor.sign_in(person)
    # As the browser's own setting for the size of text does.
    visitor.context.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%' })"
    )
    wide = {}
    for path in SIGNED_IN:
        page.goto(visitor.origin + path.format(id=website))
        settled(page)
        wide[path] = overflow(page)
        moving = page.evaluate(
            "[...document.querySelectorAll('*')].filter((one) => {"
            " const style = getComputedStyle(one);"
            " const moves = style.transitionDuration.split(', ').some((time) => time !== '0s');"
            " return moves || style.animationName !== 'none'"
            "}).length"
        )
        assert moving == 0, path
    assert {path: pixels for path, pixels in wide.items() if pixels > 0} == {}
