"""Measure how fast the web app loads and reacts, in Chromium on a slow computer with a slow network.

    .venv/bin/python -m bench.web [--runs 5] [--pages 1000]

The real local system serves the app; a site on loopback gives a result of 1,000 pages. Needs chromium-headless-shell.
Loading is measured with the CPU slowed down four times, 10 Mbit/s and 40 ms of latency. "Ready" is the time at which
the address field is on the page and two further frames were drawn, so that a press has an effect at once. Scrolling
is measured by the CPU time of the main thread per frame, because other programs on the machine can also cause dropped
frames. No frame is dropped if this work, on a computer that is four times slower, takes less time than the duration
of a frame.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from bench.figures import Figures
from llmready.crawler.browser.process import find_chromium
from testkit.sites import numbered, serve
from testkit.system import PASSWORD, Person, System

FIRST_LOAD = 80_000  # bytes, compressed
FIRST_PAINT = 1.0  # seconds
READY = 1.5  # seconds
SHIFT = 0.05
OPENED = 0.5  # seconds
FRAME = 1000 / 60  # milliseconds
SLOWDOWN = 4
BYTES_PER_SECOND = 10_000_000 / 8
LATENCY = 40  # milliseconds

SIGNED_OUT: tuple[str, ...] = (
    "/", "/?url=example.com", "/example", "/example/pages", "/example/score", "/sign-in", "/sign-up",
    "/forgot-password", "/confirm", "/reset-password", "/unsubscribe", "/download/x", "/nowhere",
)  # fmt: skip
SIGNED_IN = ("/websites", "/usage", "/account", "/account/password", "/account/sign-ins", "/account/mails",
             "/account/keys", "/account/webhooks", "/account/data")  # fmt: skip
TABS = ("llms-txt", "llms-txt?view=raw", "pages", "score", "changes", "use", "history", "settings")

# Runs before the app: notes layout shifts, and when a selector is there and two frames were drawn after it.
OBSERVE = """
window.shift = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value
}).observe({ type: 'layout-shift', buffered: true })
window.drawn = (selector) => new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(selector)) return requestAnimationFrame(look)
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
  }
  look()
})
addEventListener('DOMContentLoaded', () => { window.ready = window.drawn('input[name=url]') })
"""
FIRST_CONTENTFUL_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SCROLL = """
(pixels) => new Promise((resolve) => {
  const box = document.querySelector('.long-table')
  let frames = 0
  const step = () => {
    box.scrollTop += pixels
    frames += 1
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) resolve(frames)
    else requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})
"""


def main() -> int:
    """Measure and print every figure. Returns: 1 if a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="number of runs; medians are reported")
    parser.add_argument("--pages", type=int, default=1000)
    wanted = parser.parse_args()
    figures = Figures()
    with ExitStack() as stack:
        site = stack.enter_context(serve(numbered(wanted.pages)))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        system = System(data, allow=site.host).start()
        stack.callback(system.stop)
        person = system.user("pro")
        website = person.website(site.url, name="A large handbook", max_pages=wanted.pages)
        run = person.finished(person.start(website))
        if run["status"] != "completed":
            raise SystemExit(f"The site could not be read: {run['error_message']}")
        playwright = stack.enter_context(sync_playwright())
        # Chromium's own sandbox refuses to run as root.
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        stack.callback(browser.close)
        origin = f"http://localhost:{system.port}"
        _loading(figures, browser, origin, wanted.runs)
        _shifts(figures, browser, origin, person, website)
        _large_result(figures, browser, origin, (person, website), wanted.runs)
    return 1 if figures.missed else 0


def _loading(figures: Figures, browser: Browser, origin: str, runs: int) -> None:
    """Load the start screen with empty caches."""
    sizes, paints, readies = [], [], []
    for _ in range(runs):
        context = browser.new_context()
        page, session = _open(context)
        _slow_down(session)
        received = _received_bytes(session)
        page.goto(origin, wait_until="networkidle")
        readies.append(float(page.evaluate("window.ready")) / 1000)
        paints.append(float(page.evaluate(FIRST_CONTENTFUL_PAINT)) / 1000)
        sizes.append(received())
        context.close()
    figures.at_most("first load of the start screen, all files compressed", max(sizes), FIRST_LOAD, "bytes")
    figures.at_most("first contentful paint", statistics.median(paints), FIRST_PAINT, "s")
    figures.at_most("ready for the first press", statistics.median(readies), READY, "s")


def _shifts(figures: Figures, browser: Browser, origin: str, person: Person, website: str) -> None:
    """Sum the layout shifts of each screen on a slow computer, on a wide window and on a phone."""
    worst, where = 0.0, ""
    for width in (1280, 375):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page, session = _open(context)
        _slow_down(session)
        for signed_in in (False, True):
            paths = SIGNED_OUT
            if signed_in:
                _sign_in(page, origin, person)
                paths = (*SIGNED_IN, *(f"/websites/{website}/{tab}" for tab in TABS))
            for path in paths:
                page.goto(origin + path, wait_until="networkidle")
                shift = float(page.evaluate("window.shift"))
                screen = f"{path.replace(website, 'ID')} at {width} px"
                if shift > SHIFT:
                    figures.note(f"layout shift of {screen}", shift)
                if shift > worst:
                    worst, where = shift, screen
        context.close()
    figures.at_most(f"largest layout shift of a screen ({where or 'none'})", worst, SHIFT)


def _large_result(
    figures: Figures, browser: Browser, origin: str, result: tuple[Person, str], runs: int
) -> None:
    """Open a large result (of a person's website) and its pages, and scroll through all of them."""
    person, website = result
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, session = _open(context)
    _sign_in(page, origin, person)
    pages = f"a[href='/websites/{website}/pages']"
    results, lists = [], []
    for _ in range(runs):
        page.goto(f"{origin}/websites", wait_until="networkidle")
        results.append(_seconds_to(page, f"a[href='/websites/{website}']", ".prose li"))
        lists.append(_seconds_to(page, pages, ".long-row"))
    figures.at_most("the result of all pages opens", statistics.median(results), OPENED, "s")
    figures.at_most("the table of all pages opens", statistics.median(lists), OPENED, "s")

    work = []
    for _ in range(runs):
        page.evaluate("document.querySelector('.long-table').scrollTop = 0")
        before = _metric(session, "TaskDuration")
        frames = int(page.evaluate(SCROLL, 120))
        work.append(1000 * (_metric(session, "TaskDuration") - before) / frames)
    figures.at_most(
        f"CPU time of the main thread for a frame of scrolling, times {SLOWDOWN}",
        SLOWDOWN * statistics.median(work),
        FRAME,
        "ms",
    )
    context.close()


def _seconds_to(page: Page, press: str, shown: str) -> float:
    """Press an element and return the seconds until another one was drawn."""
    page.wait_for_selector(press)
    milliseconds = page.evaluate(
        """async ([press, shown]) => {
          const began = performance.now()
          document.querySelector(press).click()
          return (await window.drawn(shown)) - began
        }""",
        [press, shown],
    )
    return float(milliseconds) / 1000


def _open(context: BrowserContext) -> tuple[Page, CDPSession]:
    page = context.new_page()
    page.add_init_script(OBSERVE)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    # CPU time instead of elapsed time, which other programs on the machine would lengthen.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return page, session


def _slow_down(session: CDPSession) -> None:
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )


def _received_bytes(session: CDPSession) -> Callable[[], int]:
    """Return a function that returns the compressed bytes that arrived since, headers included."""
    total = [0]
    session.on("Network.loadingFinished", lambda event: total.append(int(event["encodedDataLength"])))
    return lambda: sum(total)


def _metric(session: CDPSession, name: str) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == name))


def _sign_in(page: Page, origin: str, person: Person) -> None:
    page.goto(f"{origin}/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{origin}/websites")


if __name__ == "__main__":
    sys.exit(main())
