"""The running local system, real Chromium, and people who use the web app."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from testkit.ports import free_port
from testkit.sites import Answer, Site, numbered, serve
from testkit.system import PASSWORD, Person, System
from tests.browser.chromium import chromium
from tests.web.attacks import attack_pages

expect.set_options(timeout=20_000)

# Hosts that may be crawled are fixed when the system starts.
SITE_PORTS = [free_port() for _ in range(3)]


@pytest.fixture(scope="session")
def handbook() -> Iterator[Site]:
    """Serve twelve plain pages."""
    with serve(numbered(12)) as site:
        yield site


@pytest.fixture(scope="session")
def unfinished_handbook() -> Iterator[Site]:
    """Serve forty pages of which the last thirty never arrive, so that the crawl runs until the test ends."""
    pages = numbered(40)
    over = threading.Event()

    def answer(path: str, url: str) -> Answer:
        number = path.rpartition("/")[2]
        if number.isdecimal() and int(number) >= 10:
            over.wait()
        return pages(path, url)

    with serve(answer) as site:
        yield site
        over.set()


@pytest.fixture(scope="session")
def hostile_site() -> Iterator[Site]:
    """Serve pages whose text tries to run code in the program that shows it."""
    pages = attack_pages()
    with serve(lambda path, _: pages.get(path, Answer("", status=404))) as site:
        yield site


@pytest.fixture(scope="session")
def system(
    tmp_path_factory: pytest.TempPathFactory, handbook: Site, unfinished_handbook: Site, hostile_site: Site
) -> Iterator[System]:
    hosts = [handbook.host, unfinished_handbook.host, hostile_site.host]
    hosts += [f"127.0.0.1:{port}" for port in SITE_PORTS]
    running = System(tmp_path_factory.mktemp("web"), allow=",".join(hosts)).start()
    yield running
    assert running.stop() == 0


# Playwright keeps an event loop running while it is open, so it must end before the async tests of other folders.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Chromium's own sandbox refuses to run as root.
    flags = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield running
        running.close()


@dataclass
class Watched:
    """Forbidden actions of a browser context, such as errors and requests to other origins."""

    origin: str
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self._console(message.text))
        page.on("request", lambda request: self._request(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text or "Trusted Type" in text:
            self.errors.append(text)

    def _request(self, url: str) -> None:
        if not url.startswith((self.origin, "blob:")):
            self.foreign.append(url)

    def assert_clean(self) -> None:
        """Fail if anything ran, was blocked, or left the origin."""
        assert (self.errors, self.dialogs, self.foreign) == ([], [], [])


@dataclass
class Visitor:
    """A separate browser context whose actions are recorded."""

    context: BrowserContext
    origin: str
    watched: Watched

    def open(self, path: str = "/") -> Page:
        page = self.context.new_page()
        self.watched.watch(page)
        page.goto(self.origin + path)
        return page

    def sign_in(self, person: Person, path: str = "/websites") -> Page:
        """Sign in on the page and return it, showing `path`."""
        page = self.open(f"/sign-in?next={path}")
        page.get_by_label("E-mail").fill(person.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.origin}{path}")
        expect(page.get_by_role("link", name="Usage", exact=True)).to_be_visible()
        return page


@pytest.fixture
def visit(system: System, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a function that opens a new browser context; arguments go to Playwright."""
    contexts: list[BrowserContext] = []
    origin = f"http://localhost:{system.port}"

    def new(**options: object) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})  # type: ignore[arg-type]
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Visitor(context, origin, Watched(origin))

    yield new
    for context in contexts:
        context.close()
