"""Names of other hosts whose name server does not answer delay neither the site nor the end of a crawl."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmready.crawler.browser import proxy as proxy_module
from llmready.crawler.browser.proxy import GuardProxy
from llmready.crawler.fetch.address_guard import AddressGuard
from llmready.crawler.fetch.bodies import Budget
from llmready.crawler.fetch.resolver import MOST_LOOK_UPS, GuardedResolver
from testkit.crawler_program import call
from testkit.serving import Answer, serving
from tests.browser.chromium import chromium
from tests.browser.test_guard_proxy import ask
from tests.browser.test_rendering import markdown, shell

SECONDS = 15.0
ASKS = """
for (let i = 0; i < 60; i++) fetch(`//n${i}.site.test:PORT/`, { mode: 'no-cors' }).catch(() => 0);
write('Asks.');
"""


class Names:
    """A resolver that knows `site.test`, and whose answer for all other names takes SECONDS."""

    def __init__(self) -> None:
        self.slow: list[str] = []
        self.end = threading.Event()

    def look_up(self, host: str, *_: Any) -> list[object]:
        if host != "site.test":
            self.slow.append(host)
            self.end.wait(SECONDS)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.look_up)
    yield found
    found.end.set()


def test_look_ups_delay_neither_other_work_nor_the_end(names: Names) -> None:
    async def look_up_many() -> int:
        resolver = GuardedResolver(AddressGuard())
        asked = [asyncio.ensure_future(resolver.resolve(f"n{number}.test")) for number in range(40)]
        await asyncio.sleep(0.2)
        for one in asked:
            one.cancel()
        later = asyncio.ensure_future(resolver.resolve("later.test"))
        async with asyncio.timeout(5):
            await asyncio.to_thread(time.sleep, 0)
        later.cancel()
        return len(names.slow)

    began = time.monotonic()
    # Cancelled look-ups keep their places.
    assert asyncio.run(look_up_many()) == MOST_LOOK_UPS
    assert time.monotonic() - began < 5


async def test_places_of_look_ups_become_free(names: Names) -> None:
    resolver = GuardedResolver(AddressGuard([("site.test", 0)]))
    asked = [asyncio.ensure_future(resolver.resolve(f"n{number}.test")) for number in range(MOST_LOOK_UPS)]
    last = asyncio.ensure_future(resolver.resolve("site.test"))
    await asyncio.sleep(0.1)
    assert not last.done()
    names.end.set()
    assert [one["host"] for one in await last] == ["127.0.0.1"]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, OSError) for one in outcomes)


async def test_slow_names_of_other_hosts_do_not_delay_the_site(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "SECONDS_TO_LOOK_UP", 1.0, raising=False)
    with serving({"/": "here"}) as site:
        guard = AddressGuard([("site.test", site.port)])
        async with GuardProxy(
            guard,
            Budget(10_000),
            connections=2,
            connect_seconds=9,
            is_site=lambda url: url.host == "site.test",
        ) as proxy:
            began = time.monotonic()
            others = [
                asyncio.ensure_future(ask(proxy, f"CONNECT n{number}.test:443 HTTP/1.1\r\n\r\n".encode()))
                for number in range(20)
            ]
            await asyncio.sleep(0.1)
            assert names.slow
            answer = await ask(proxy, f"GET http://site.test:{site.port}/ HTTP/1.1\r\n\r\n".encode())
            assert answer.endswith(b"here")
            assert time.monotonic() - began < 1
            assert all(b" 504 " in one for one in await asyncio.gather(*others))
            assert time.monotonic() - began < 5


def test_a_page_that_asks_for_slow_names_delays_no_other_page(tmp_path: Path, names: Names) -> None:
    chromium()
    script = {"Content-Type": "text/javascript", "Cache-Control": "no-store"}
    good = [f"/good{number}" for number in range(4)]
    pages: dict[str, Answer | str] = dict.fromkeys(
        good, shell("", body="<script src=/app.js defer></script>")
    )
    with serving(pages) as site:
        pages["/app.js"] = Answer("write('Here.');", headers=script)
        pages["/bad"] = shell(ASKS.replace("PORT", str(site.port)))
        pages["/"] = shell("write('" + "".join(f"<a href={path}>A</a>" for path in ["/bad", *good]) + "')")
        at = f"site.test:{site.port}"
        allow = ",".join([at, *(f"n{number}.{at}" for number in range(60))])
        began = time.monotonic()
        result = call(f"http://{at}/", tmp_path, "--use-playwright", "--timeout=13", allow=allow).completed()
        assert time.monotonic() - began < SECONDS
    assert len(names.slow) >= MOST_LOOK_UPS
    for path in good:
        assert "Here." in markdown(result, path)
