"""Take a screenshot of every screen of the web app, in both themes and at three widths.

    python -m tests.web.screenshots [FOLDER]

The real local system crawls the example site and a few small sites.
"""

import argparse
import os
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, cast

from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.example_result import served_site
from testkit.ports import free_port
from testkit.sites import numbered, serve
from testkit.system import PASSWORD, Person, System
from tests.browser.chromium import chromium

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = ROOT / ".build" / "screenshots"

# Names of the widths and their pixels.
WIDTHS = {"phone": 375, "tablet": 768, "desktop": 1280}
THEMES = ("light", "dark")

# Nothing listens there.
CLOSED = f"127.0.0.1:{free_port()}"


class Screen(NamedTuple):
    """A screen to show: its name, its path, and what to do there before the picture is taken."""

    name: str
    path: str
    act: Callable[[Page], None] | None = None


class Shoot(NamedTuple):
    """The signed-in user, the screens to take, and the folder of the pictures."""

    origin: str
    person: Person
    screens: list[Screen]
    folder: Path


def main(arguments: list[str] | None = None) -> int:
    """Take the screenshots and print where they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--only", default="", help="take only screens whose name contains this")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        example = stack.enter_context(served_site())
        large = stack.enter_context(serve(numbered(140)))
        slow = stack.enter_context(serve(numbered(60), latency=1.5))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        system = System(data, allow=f"{example},{large.host},{slow.host},{CLOSED}").start()
        stack.callback(system.stop)
        person, screens = _prepare(system, f"http://{example}/", large.url, slow.url)
        playwright = stack.enter_context(sync_playwright())
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        stack.callback(browser.close)
        screens = [screen for screen in screens if options.only in screen.name]
        shoot = Shoot(f"http://localhost:{system.port}", person, screens, options.folder)
        for width in WIDTHS:
            for theme in THEMES:
                _take(browser, shoot, width, theme)
    sys.stdout.write(f"{len(screens) * len(WIDTHS) * len(THEMES)} screenshots are in {options.folder}\n")
    return 0


def _prepare(system: System, example: str, large: str, slow: str) -> tuple[Person, list[Screen]]:
    """Return a person with websites in several states, and the screens to take."""
    person = system.user("standard")
    person.http.patch("/auth/me", json={"full_name": "Ada Lovelace"})
    tidewater = person.website(example, name="Tidewater", description="Tide tables for the command line")
    first = person.finished(person.start(tidewater))
    assert first["status"] == "completed", first
    person.finished(person.start(tidewater))
    cut = person.website(large, name="A handbook of 140 pages", max_pages=40)
    person.finished(person.start(cut))
    failing = person.website(f"http://{CLOSED}/", name="A site that does not answer")
    person.finished(person.start(failing))
    person.http.post("/keys", json={"name": "Deployment", "scopes": ["read", "generate"]})
    running = person.website(slow, name="A slow handbook")
    unused = f"{uuid.uuid4().hex[:8]}@example.org"
    person.http.post(
        "/webhooks", json={"url": "https://example.com/hooks", "description": "Rebuilds the site"}
    )

    def run(page: Page) -> None:
        started = person.http.post("/generations/start", json={"website_id": running})
        assert started.status_code in {202, 409}, started.text
        page.reload()
        expect(page.get_by_text("of 60 pages")).to_be_visible(timeout=60_000)

    def sign_up(page: Page) -> None:
        page.get_by_label("Website address").fill(example)
        page.get_by_role("button", name="Generate", exact=True).click()
        page.get_by_label("E-mail").fill(unused)

    def open_page(page: Page) -> None:
        page.locator(".page-open").nth(2).click()
        expect(page.get_by_role("dialog").locator(".prose")).to_be_visible()

    def press(name: str) -> Callable[[Page], None]:
        return lambda page: (
            page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
        )

    def wrong_password(page: Page) -> None:
        page.get_by_label("E-mail").fill(unused)
        page.get_by_label("Password").fill("not the password")
        page.get_by_role("button", name="Show password").click()
        page.get_by_role("button", name="Sign in", exact=True).last.click()
        expect(page.get_by_role("alert").first).to_be_visible()

    base = f"/websites/{tidewater}"
    screens = [
        Screen("01-start", "/?signed-out"),
        Screen("02-start-sign-up", "/?signed-out", sign_up),
        Screen("03-example", "/example?signed-out"),
        Screen("04-example-pages", "/example/pages?signed-out"),
        Screen("05-sign-in", "/sign-in?signed-out"),
        Screen("05-sign-in-wrong", "/sign-in?signed-out", wrong_password),
        Screen("06-confirm-expired", "/confirm?signed-out#token=wrong", press("Confirm address")),
        Screen("06-confirm", "/confirm?signed-out#token=another"),
        Screen("07-reset-password", "/reset-password?signed-out#token=x"),
        Screen("08-unsubscribe", "/unsubscribe?signed-out#token=wrong"),
        Screen("09-not-found", "/nothing/here?signed-out"),
        Screen("10-websites", "/websites"),
        Screen("11-result", base),
        Screen("12-result-raw", f"{base}?view=raw"),
        Screen("13-pages", f"{base}/pages"),
        Screen("14-page", f"{base}/pages", open_page),
        Screen("15-score", f"{base}/score"),
        Screen("15-score-reasons", f"/websites/{cut}/score"),
        Screen("16-changes", f"{base}/changes"),
        Screen("17-use-it", f"{base}/use"),
        Screen("18-history", f"{base}/history"),
        Screen("19-settings", f"{base}/settings"),
        Screen("20-cut", f"/websites/{cut}"),
        Screen("21-failed", f"/websites/{failing}"),
        Screen("22-run", f"/websites/{running}", run),
        Screen("23-usage", "/usage"),
        Screen("24-account", "/account"),
        Screen("25-keys", "/account/keys"),
        Screen("26-webhooks", "/account/webhooks"),
        Screen("27-password", "/account/password"),
        Screen("28-sign-ins", "/account/sign-ins"),
        Screen("29-mails", "/account/mails"),
        Screen("30-data", "/account/data"),
        Screen("31-add-website", "/websites", press("Add website")),
        Screen("32-add-several", "/websites", press("Add several")),
        Screen("33-missing", "/websites/01900000-0000-7000-8000-000000000000"),
    ]
    return person, screens


def _take(browser: Browser, shoot: Shoot, width: str, theme: str) -> None:
    """Take the screens at one width and in one theme."""
    options = cast(
        Any,
        {
            "viewport": {"width": WIDTHS[width], "height": 900},
            "color_scheme": theme,
            "reduced_motion": "reduce",
        },
    )
    for signed_in in (False, True):
        context = browser.new_context(**options)
        page = context.new_page()
        if signed_in:
            page.goto(f"{shoot.origin}/sign-in")
            page.get_by_label("E-mail").fill(shoot.person.email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{shoot.origin}/websites")
        for screen in shoot.screens:
            if ("?signed-out" in screen.path) is signed_in:
                continue
            page.goto(shoot.origin + screen.path.replace("?signed-out", ""))
            page.wait_for_timeout(400)
            expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=20_000)
            if screen.act:
                screen.act(page)
            page.wait_for_timeout(400)
            page.screenshot(
                path=shoot.folder / f"{screen.name}-{width}-{theme}.png", full_page="14-" not in screen.name
            )
        context.close()


if __name__ == "__main__":
    sys.exit(main())
