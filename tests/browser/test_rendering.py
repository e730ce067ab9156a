"""Crawls of small sites with real Chromium: rendered text, requests that are not sent, and hostile pages."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from testkit.crawler_program import Run, command, environment, run
from testkit.serving import Answer, Site, links, page, serving
from tests.browser.chromium import chromium, command_line, descendants, is_browser

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are looked at in /proc")

WORDS = (
    "These are words that only a browser gets to see, enough of them to be worth a page of their own. " * 3
)
SCRIPT = {"Content-Type": "text/javascript"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True, scope="module")
def _browser() -> None:
    chromium()


def shell(script: str, head: str = "", body: str = "") -> str:
    """Return a page that is empty until its script has run. The script can use `WORDS` and `write`."""
    ours = f"const WORDS = {json.dumps(WORDS)}; const main = document.querySelector('main'); const write = "
    ours += "(text) => { main.innerHTML += `<h1>${location.pathname}</h1><p>${text} ${WORDS}</p>`; };"
    return (
        f"<!doctype html><html><head><title>Shell</title>{head}</head><body><main></main>"
        f"<noscript>Please enable JavaScript.</noscript>{body}<script>{ours}{script}</script></body></html>"
    )


def markdown(result: Run, path: str) -> str:
    """Return the Markdown of a page; fail if the page does not exist."""
    for one in result.manifest["pages"]:
        if re.sub(r"^https?://[^/]+", "", one["url"]) == path:
            return (result.out / str(one["path"])).read_text()
    raise AssertionError((path, result.manifest["failures"], result.stderr))


def failures(result: Run, site: Site) -> dict[str, str]:
    return {one["url"].removeprefix(site.url): one["code"] for one in result.manifest["failures"]}


class Decoys:
    """Listeners on forbidden addresses; `reached` counts the connections to them."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.six: socket.socket | None = None
        if socket.has_ipv6:
            try:
                self.six = socket.create_server(("::1", self.port), family=socket.AF_INET6)
            except OSError:
                self.six = None
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for listening in filter(None, (self.tcp, self.six)):
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, peer = listening.accept()
            except OSError:
                return
            self.reached.append(f"tcp {peer}")
            connection.close()

    def _receive(self) -> None:
        while True:
            try:
                data = self.udp.recv(2000)
            except OSError:
                return
            self.reached.append(f"udp {data!r}")

    def close(self) -> None:
        for one in filter(None, (self.tcp, self.six, self.udp)):
            one.close()


@contextmanager
def decoys() -> Iterator[Decoys]:
    standing = Decoys()
    try:
        yield standing
    finally:
        standing.close()


APP = """
const routes = {'/': ['Home', ['/guide', '/about']], '/guide': ['Guide', ['/guide/deep']],
  '/guide/deep': ['Deep', []], '/about': ['About', ['/']]};
async function draw() {
  const root = document.getElementById('root');
  root.innerHTML = '<p>Loading…</p>';
  const { text } = await (await fetch('/api' + location.pathname)).json();
  const [title, targets] = routes[location.pathname];
  document.title = title;
  root.innerHTML = `<main><h1>${title}</h1><p>${text}</p></main><nav>` +
    targets.map((to) => `<a href="${to}">${to}</a>`).join(' ') + '</nav>';
}
draw();
"""


def app(path: str) -> Answer | None:
    if path == "/app.js":
        return Answer(APP, headers={**SCRIPT, "Cache-Control": "max-age=60"})
    if path.startswith("/api/"):
        return Answer(json.dumps({"text": f"What {path} says. {WORDS}"}), headers=JSON)
    if path in ("/robots.txt", "/sitemap.xml"):
        return None
    return Answer(
        "<!doctype html><html><head><title>App</title></head><body><noscript>You need to enable JavaScript to run "
        "this app.</noscript><div id=root></div><script src=/app.js></script></body></html>"
    )


def test_a_single_page_app_is_read_and_its_links_are_followed(tmp_path: Path) -> None:
    with serving(app) as site:
        result = run(site.url, tmp_path, "--use-playwright").completed()
        assert result.urls(site.url) == {"/", "/guide", "/guide/deep", "/about"}
        assert result.manifest["notes"] == ["4 pages were rendered in a browser."]
        deep = markdown(result, "/guide/deep")
        assert "What /api/guide/deep says." in deep
        assert "# Deep" in deep
        assert "JavaScript" not in result.full
        assert site.paths.count("/guide") == 1, "the browser shows the page that was fetched already"
        assert site.paths.count("/app.js") <= 2, "each of the two tabs keeps what it may keep"
        agents = {request.headers["User-Agent"] for request in site.requests if request.path == "/app.js"}
        assert "LLMReadyBot/" in agents.pop()
        assert site.most_at_once <= 4


@dataclass(frozen=True)
class Traps:
    result: Run
    site: Site
    reached: list[str]
    page: Callable[[str], str]


def traps(port: int) -> dict[str, str | Answer]:
    """A site of hostile pages; `port` is the port of the decoys."""
    decoy = f"127.0.0.1:{port}"
    bomb = gzip.compress(b"x" * 30_000_000)
    pages: dict[str, str | Answer] = {
        "/late": shell(
            "setTimeout(() => fetch('/slow.json').then((r) => r.json()).then((j) => write(j.text)), 300)"
        ),
        "/slow.json": Answer('{"text": "Late words."}', headers=JSON, delay=1),
        "/later": shell("main.textContent = 'Loading…'; setTimeout(() => write('Later words.'), 2500)"),
        "/held-back": shell(
            "main.innerHTML = '<p>' + WORDS + '</p>';"
            "setTimeout(() => setTimeout(() => write('Held back.'), 250), 100)"
        ),
        "/clock": shell(
            "write('A clock.'); setInterval(() => { main.lastChild.textContent = WORDS + Date.now(); }, 20)"
        ),
        "/growing": shell("setInterval(() => write('Grows.'), 30)"),
        "/dialogs": shell(
            "alert(1); confirm(2); prompt(3); print(); onbeforeunload = () => 'stay'; write('After.')"
        ),
        "/popup": shell(
            "const w = window.open('/popped-up'); write('Popup ' + w + '.');"
            "const a = document.createElement('a'); a.href = '/popped-up'; a.target = '_blank'; a.click();"
        ),
        "/private": shell(
            f"""
            const urls = ['http://{decoy}/', 'http://localhost:{port}/', 'http://[::1]:{port}/', 'https://{decoy}/',
              'http://127.1:{port}/', 'http://0x7f000001:{port}/', 'http://[::ffff:127.0.0.1]:{port}/',
              'http://169.254.169.254/latest/meta-data/', 'http://10.0.0.1/', 'file:///etc/passwd'];
            for (const url of urls) {{
              fetch(url, {{ mode: 'no-cors' }}).catch(() => 0);
              const x = new XMLHttpRequest(); x.open('GET', url); try {{ x.send(); }} catch {{}}
              try {{ navigator.sendBeacon(url, 'x'); }} catch {{}}
              for (const [tag, name] of [['script', 'src'], ['img', 'src'], ['iframe', 'src'], ['video', 'src'],
                  ['embed', 'src'], ['object', 'data']]) {{
                const e = document.createElement(tag); e[name] = url; document.body.append(e);
              }}
              for (const rel of ['stylesheet', 'prefetch', 'preload', 'prerender', 'preconnect', 'dns-prefetch',
                  'icon', 'manifest', 'modulepreload']) {{
                const l = document.createElement('link'); l.rel = rel; l.href = url; l.as = 'fetch';
                document.head.append(l);
              }}
              try {{ new EventSource(url); }} catch {{}}
              import(url).catch(() => 0);
              const s = document.createElement('script'); s.type = 'speculationrules';
              s.textContent = JSON.stringify({{ prefetch: [{{ urls: [url] }}], prerender: [{{ urls: [url] }}] }});
              document.head.append(s);
            }}
            for (const url of ['ws://{decoy}/', 'ws://localhost:{port}/', 'wss://{decoy}/', 'ws://169.254.169.254/'])
              new WebSocket(url);
            try {{ new WebTransport('https://{decoy}/'); }} catch {{}}
            write('Asked.');
            """
        ),
        "/rtc": shell(
            f"""
            try {{
              const c = new RTCPeerConnection({{ iceServers: [{{ urls: ['stun:{decoy}', 'stun:localhost:{port}',
                'turn:{decoy}?transport=tcp'], username: 'u', credential: 'p' }}] }});
              c.createDataChannel('d'); c.createOffer().then((o) => c.setLocalDescription(o));
            }} catch {{}}
            setTimeout(() => write('Called.'), 1500);
            """
        ),
        "/redirecting": shell(
            "fetch('/to-decoy').catch(() => 0); fetch('/to-metadata').catch(() => 0); write('Redirected.');"
        ),
        "/to-decoy": Answer(status=302, headers={"Location": f"http://{decoy}/"}),
        "/to-metadata": Answer(status=302, headers={"Location": "http://169.254.169.254/"}),
        "/file": shell("write('Still here.'); location = 'file:///etc/passwd';"),
        "/blob": shell("location = URL.createObjectURL(new Blob(['<p>' + WORDS], { type: 'text/html' }));"),
        "/blank": shell("location = 'about:blank';"),
        "/schemes": shell(
            "for (const u of ['mailto:a@example.com', 'tel:1', 'ftp://127.0.0.1/', 'chrome://version', 'intent:x', "
            "'view-source:' + location, 'data:text/html,x', 'javascript:1']) { try { location = u; } catch {} }"
            "write('Schemes.');"
        ),
        "/elsewhere": shell(f"location = 'http://{decoy}/';"),
        "/elsewhere-later": shell(
            "write('Bye.'); setTimeout(() => { location = 'https://elsewhere.example/'; }, 200);"
        ),
        "/moved": shell("location.replace('/target');"),
        "/refresh": shell("", head='<meta http-equiv="refresh" content="0; url=/refreshed">'),
        "/refresh-later": shell(
            "const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = '0;url=/refreshed-later';"
            "document.head.append(m);"
        ),
        "/target": page("Target"),
        "/refreshed": page("Refreshed"),
        "/refreshed-later": page("Refreshed later"),
        "/renamed": shell("history.pushState(0, '', '/renamed/inside?x=1'); write('Renamed.');"),
        "/renamed-closed": shell("history.pushState(0, '', '/closed/inside'); write('Renamed.');"),
        "/reload": shell("write('Again.'); location.reload();"),
        "/form": shell(
            "write('Form.'); main.innerHTML += '<form method=post action=/posted><input name=a></form>';"
            "document.forms[0].submit();"
        ),
        "/download": shell(
            "write('Download.'); const a = document.createElement('a'); a.href = '/file.zip'; a.download = 'x';"
            "document.body.append(a); a.click(); location = '/other.zip';"
        ),
        "/workers": shell(
            """
            navigator.serviceWorker?.register('/sw.js').catch(() => 0);
            try { new Worker('/worker.js'); } catch {}
            try { new SharedWorker('/shared.js'); } catch {}
            try { new Worker(URL.createObjectURL(new Blob(["fetch('/from-worker')"]))); } catch {}
            write('Workers.');
            """
        ),
        "/pictures": shell(
            "main.innerHTML = '<img src=/a.png alt=Alternative><video src=/a.mp4 poster=/b.png></video>"
            "<audio src=/a.mp3 autoplay></audio><picture><source srcset=/c.webp><img src=/d.jpg></picture>';"
            "document.fonts.add(new FontFace('F', 'url(/f.woff2)')); document.fonts.load('1em F').catch(() => 0);"
            "new Image().src = '/e.gif'; write('Pictures.');",
            head="<link rel=icon href=/favicon.ico><style>body { background: url(/g.png); }"
            "@font-face { font-family: G; src: url(/g.woff); } main { font-family: G; }</style>",
        ),
        "/frames": shell(
            "main.innerHTML = '<iframe src=/framed></iframe><object data=/plugged></object>'; write('Frames.');"
        ),
        "/framed": page("Framed", body=f"<p>Words of a frame. {WORDS}</p>"),
        "/closed-api": shell(
            "fetch('/closed/data').then((r) => r.text(), () => 'refused').then((t) => write('Got ' + t + '.'));"
            "fetch('/open-data').then((r) => r.text());"
        ),
        "/closed/data": "secret",
        "/open-data": "open",
        "/shadow": shell(
            """
            customElements.define('my-box', class extends HTMLElement {
              connectedCallback() {
                const root = this.attachShadow({ mode: 'closed' });
                setTimeout(() => { root.innerHTML =
                  `<h2>Before</h2><slot></slot><p>After. ${WORDS}</p><a href="/in-shadow">in</a>`; }, 150);
              }
            });
            main.innerHTML = '<my-box><b>Slotted.</b></my-box>';
            """
        ),
        "/in-shadow": page("Linked from a shadow"),
        "/socket": shell(
            "const s = new WebSocket('ws://' + location.host + '/ws'); s.onerror = () => write('Socket ended.');"
        ),
        "/unfinished": shell("fetch('/never'); setTimeout(() => write('Goes on.'), 100);"),
        "/never": Answer("x", delay=12),
        "/slow-script": shell("write('Scripted.')", body="<script src=/slow.js></script>"),
        "/slow.js": Answer("1", headers=SCRIPT, delay=1),
        "/broken": shell("throw new Error('broken'); write('x')"),
        "/hidden": shell(
            "write('Hidden.'); document.head.innerHTML += '<meta name=robots content=noindex>';"
        ),
        "/unsafe": shell(
            "main.innerHTML = '<p>' + WORDS + '<a href=\"javascript:alert(1)\">js</a>"
            '<a href="data:text/html,x">d</a>'
            "\\u202eevil\\u0007</p>';"
        ),
        "/loop": shell("write('Loop.'); setTimeout(() => { while (true); }, 10);"),
        "/loop-at-once": shell("while (true);"),
        "/huge": shell(
            "for (let i = 0; i < 350000; i++) main.append(document.createElement('div')); write('Huge.');"
        ),
        "/long": shell(
            "for (let i = 0; i < 1100; i++) main.append(Object.assign(document.createElement('p'), { textContent: "
            "'word '.repeat(2000) }));"
        ),
        "/bomb": shell("fetch('/bomb.json').then((r) => r.text()).then(() => write('Bomb.'));"),
        "/bomb.json": Answer(bomb, headers={**JSON, "Content-Encoding": "gzip"}),
        "/hog": shell(
            "setTimeout(() => { for (;;) { const d = document.createElement('div');"
            "d.textContent = 'x'.repeat(1e4) + Math.random(); main.append(d); } }, 20);"
        ),
        "/buffers": shell(
            "const a = []; try { for (;;) a.push(new Uint8Array(1e7).fill(7)); } catch {} write('Full.');"
        ),
        "/plain": page("Plain", body=f"<p>{WORDS}</p>", head="<script src=/plain.js></script>"),
    }
    listed = [
        path for path in pages
        if isinstance(pages[path], str) and path not in ("/target", "/refreshed", "/refreshed-later", "/in-shadow")
        and not path.startswith(("/closed/", "/open-"))
    ]  # fmt: skip
    pages["/"] = page(
        "Traps", body=f"<p>{WORDS}</p>" + links(*listed), head="<script src=/plain.js></script>"
    )
    pages["/robots.txt"] = Answer(
        "User-agent: *\nDisallow: /closed/\n", headers={"Content-Type": "text/plain"}
    )
    return pages


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traps]:
    """One crawl of all hostile pages at the same time, so that each can affect the others."""
    with decoys() as standing, serving(traps(standing.port)) as site:
        folder = tmp_path_factory.mktemp("traps")
        result = run(site.url, folder, "--use-playwright", seconds=150).completed()
        time.sleep(0.2)
        yield Traps(result, site, list(standing.reached), lambda path: markdown(result, path))


READ = {
    "/late": "Late words.",
    "/later": "Later words.",
    "/held-back": "Held back.",
    "/clock": "/clock",
    "/growing": "Grows.",
    "/dialogs": "After.",
    "/popup": "Popup null.",
    "/private": "Asked.",
    "/rtc": "Called.",
    "/redirecting": "Redirected.",
    "/file": "Still here.",
    "/schemes": "Schemes.",
    "/target": "Target",
    "/refreshed": "Refreshed",
    "/refreshed-later": "Refreshed later",
    "/renamed": "Renamed.",
    "/reload": "Again.",
    "/form": "Form.",
    "/download": "Download.",
    "/workers": "Workers.",
    "/pictures": "Alternative",
    "/frames": "Frames.",
    "/closed-api": "Got refused.",
    "/shadow": "Slotted.",
    "/in-shadow": "Linked from a shadow",
    "/socket": "Socket ended.",
    "/unfinished": "Goes on.",
    "/slow-script": "Scripted.",
    "/unsafe": "evil",
    "/buffers": "Full.",
    "/plain": "Plain",
    "/framed": "Words of a frame.",
}
FAILED = {
    "/blob": "redirects_elsewhere",
    "/blank": "redirects_elsewhere",
    "/elsewhere": "redirects_elsewhere",
    "/elsewhere-later": "redirects_elsewhere",
    "/broken": "empty_page",
    "/loop": "timeout",
    "/loop-at-once": "timeout",
    "/bomb": "page_too_large",
}
EATS_TOO_MUCH = {"/huge", "/long", "/hog"}
NEVER_ASKED = [
    "/popped-up", "/sw.js", "/worker.js", "/shared.js", "/from-worker", "/posted", "/file.zip", "/other.zip",
    "/plugged", "/closed/data", "/closed/inside", "/favicon.ico",
]  # fmt: skip


@pytest.mark.parametrize(("path", "words"), READ.items())
def test_visible_text_is_read(trapped: Traps, path: str, words: str) -> None:
    assert words in trapped.page(path)


@pytest.mark.parametrize(("path", "code"), FAILED.items())
def test_unreadable_page_does_not_affect_others(trapped: Traps, path: str, code: str) -> None:
    assert failures(trapped.result, trapped.site).get(path) == code


@pytest.mark.parametrize("path", sorted(EATS_TOO_MUCH))
def test_page_that_exceeds_a_limit_does_not_affect_others(trapped: Traps, path: str) -> None:
    # The limit that is reached first depends on the machine.
    assert failures(trapped.result, trapped.site)[path] in ("page_too_large", "render_failed", "timeout")


def test_only_expected_pages_fail_and_are_stored(trapped: Traps) -> None:
    assert failures(trapped.result, trapped.site).keys() == FAILED.keys() | EATS_TOO_MUCH
    pages = trapped.result.urls(trapped.site.url)
    assert pages == {"/", *READ} | (pages & {"/renamed/inside"})
    for failed in trapped.result.manifest["failures"]:
        assert failed["detail"].endswith(".")
        assert "\n" not in failed["detail"]


def test_no_connection_to_a_forbidden_address(trapped: Traps) -> None:
    assert trapped.reached == []


@pytest.mark.parametrize("path", NEVER_ASKED)
def test_unneeded_resources_are_not_requested(trapped: Traps, path: str) -> None:
    assert path not in trapped.site.paths


def test_no_picture_font_or_film_is_loaded(trapped: Traps) -> None:
    assert "/open-data" in trapped.site.paths
    heavy = re.compile(r"\.(png|jpe?g|gif|webp|ico|woff2?|mp[34])$")
    assert [path for path in trapped.site.paths if heavy.search(path)] == []


def test_a_page_that_needs_no_browser_is_not_rendered(trapped: Traps) -> None:
    assert "/plain.js" not in trapped.site.paths


def test_a_page_is_fetched_once(trapped: Traps) -> None:
    pages = [path for path in trapped.site.paths if path in READ]
    assert len(pages) == len(set(pages))


def test_shadow_trees_are_read_in_the_order_in_which_they_show(trapped: Traps) -> None:
    text = trapped.page("/shadow").partition("\n---\n")[2]
    assert text.index("Before") < text.index("Slotted.") < text.index("After.")


def test_rendered_text_is_sanitised(trapped: Traps) -> None:
    assert not re.search("[\u202e\u0007]|javascript:|data:text", trapped.result.full)
    assert "enable JavaScript" not in trapped.result.full
    assert "root:" not in trapped.result.full


def test_never_more_connections_than_allowed(trapped: Traps) -> None:
    assert trapped.site.most_at_once <= 4


def test_hostile_pages_do_not_delay_the_crawl(trapped: Traps) -> None:
    assert trapped.result.seconds < 120


def test_tls_goes_through_the_proxy_and_certificates_are_checked(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def hear() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                heard.append(connection.recv(1))
                connection.close()

        threading.Thread(target=hear, daemon=True).start()
        script = f"fetch('https://127.0.0.1:{port}/').catch(() => write('No TLS.'));"
        with serving({"/": shell(script)}) as site:
            allow = f"{site.address},127.0.0.1:{port}"
            result = run(site.url, tmp_path, "--use-playwright", allow=allow).completed()
            assert "No TLS." in markdown(result, "/")
    assert set(heard) == {b"\x16"}, "the first byte of a TLS handshake"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("location = 'https://elsewhere.example/';", "redirects_elsewhere"),
        ("", "no_pages"),
        (
            "setTimeout(() => { while (true) main.append('x'.repeat(1e4) + Math.random()); }, 9)",
            "budget_exceeded",
        ),
    ],
)
def test_a_start_page_that_fails_ends_the_crawl_with_its_reason(
    tmp_path: Path, script: str, code: str
) -> None:
    with serving({"/": shell(script)}) as site:
        run(site.url, tmp_path, "--use-playwright").failed(code)


@pytest.mark.parametrize("program", ["/nowhere/chromium", "/etc/passwd", "/bin/false"])
def test_missing_browser_is_reported_in_one_message(tmp_path: Path, program: str) -> None:
    with serving({"/": shell("write('x')")}) as site:
        result = run(site.url, tmp_path, "--use-playwright", LLMREADY_CHROMIUM=program).failed(
            "browser_missing"
        )
        assert "chromium" in result.last["detail"].lower()


def test_website_timeout_is_obeyed(tmp_path: Path) -> None:
    pages = {f"/{number}": shell("setTimeout(() => write('x'), 2500)") for number in range(40)}
    with serving({**pages, "/": page("Start", body=f"<p>{WORDS}</p>" + links(*pages))}) as site:
        result = run(site.url, tmp_path, "--use-playwright", "--timeout", "5").completed()
        assert result.seconds < 9
        assert "timeout of 5 s" in result.manifest["notes"][-1]


@contextmanager
def crawling(site: Site, folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[int, str]]]:
    """Start a crawl and wait until its browser renders a page."""
    process = subprocess.Popen(
        command(site.url, folder / "out", "--events", "--use-playwright"),
        env=environment(site.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        for _ in range(400):
            family = descendants(process.pid)
            if any("--type=renderer" in line for line in family.values()) and "/0" in site.paths:
                break
            time.sleep(0.05)
        yield process, family
    finally:
        process.kill()
        process.communicate()


def slow_site() -> dict[str, Answer | str]:
    pages: dict[str, Answer | str] = {
        f"/{number}": shell("setTimeout(() => write('Done.'), 1200)") for number in range(4)
    }
    return {**pages, "/": page("Start", body=f"<p>{WORDS}</p>" + links(*pages))}


def _ended(family: dict[int, str]) -> bool:
    for _ in range(100):
        if not any(command_line(pid) for pid in family):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_browser_ends_with_the_crawler(tmp_path: Path, number: signal.Signals) -> None:
    with serving(slow_site()) as site, crawling(site, tmp_path) as (process, family):
        assert any(is_browser(line) for line in family.values())
        began = time.monotonic()
        process.send_signal(number)
        process.wait(timeout=5)
        assert time.monotonic() - began < 2
        assert process.returncode in (-9, 143)
        assert _ended(family), [command_line(pid) for pid in family]


def test_crashed_browser_is_restarted(tmp_path: Path) -> None:
    with serving(slow_site()) as site, crawling(site, tmp_path) as (process, family):
        (browser,) = [pid for pid, line in family.items() if is_browser(line)]
        os.kill(browser, signal.SIGKILL)
        output, _ = process.communicate(timeout=40)
        last = json.loads(output.splitlines()[-1])
        assert (last["event"], last["pages_crawled"], last["pages_failed"]) == ("completed", 5, 0)


def test_browser_that_always_crashes_ends_rendering(tmp_path: Path) -> None:
    falling = tmp_path / "chromium"
    falling.write_text(f'#!/bin/sh\n(sleep 1.2; kill -9 $$) > /dev/null 2>&1 &\nexec {chromium()} "$@"\n')
    falling.chmod(0o755)
    pages = {f"/{number}": shell("setTimeout(() => write('x'), 2000)") for number in range(12)}
    start = page("Start", body=f"<p>{WORDS}</p>" + links(*pages))
    with serving({**pages, "/": start}) as site:
        result = run(
            site.url, tmp_path / "to", "--use-playwright", LLMREADY_CHROMIUM=str(falling)
        ).completed()
        assert set(failures(result, site).values()) == {"render_failed"}
        assert len(failures(result, site)) == 12


def test_routes_that_a_static_host_answers_with_404_are_rendered(tmp_path: Path) -> None:
    script = (
        "if (location.pathname.startsWith('/guide')) write('A route of the application.');"
        " else if (location.pathname === '/') write('<a href=/guide/one>One</a> <a href=/lost>Lost</a>');"
        " else { document.title = '404'; main.innerHTML = '<h1>Page not found</h1>'; }"
    )

    def answer(path: str) -> Answer:
        return Answer(shell(script), status=200 if path == "/" else 404)

    with serving(answer) as site:
        result = run(site.url, tmp_path, "--use-playwright").completed()
    assert "A route of the application." in markdown(result, "/guide/one")
    assert failures(result, site) == {"/lost": "http_error"}


ITEMS = """
let next = 0;
const list = document.createElement('ul');
const add = () => {
  for (let i = 0; i < 20 && next < END; i++) {
    list.innerHTML += `<li style="height: 200px">Loaf ${next++} of ${location.pathname}. ${WORDS}</li>`;
  }
};
main.append(list);
add();
"""
SCROLLED = f"""
const END = 70;{ITEMS}
addEventListener('scroll', () => {{
  if (innerHeight + scrollY >= document.body.scrollHeight - 5) setTimeout(add, 30);
}});
"""
ENDLESS = SCROLLED.replace("END = 70", "END = 1e9")
PRESSED = f"""
const END = 70;{ITEMS}
const button = document.createElement('button');
button.textContent = 'Load more loaves';
button.onclick = () => {{ setTimeout(add, 30); if (next >= END - 20) button.remove(); }};
main.append(button);
"""
FRAMED = """
write('Around the frames.');
main.innerHTML += '<iframe src="/frame"></iframe>';
main.innerHTML += '<iframe srcdoc="<p>Words in the attribute of a frame.</p>"></iframe>';
main.innerHTML += '<a href=/scrolled>S</a> <a href=/pressed>P</a> <a href=/endless>E</a> <a href=/empty>N</a>';
"""


def test_lists_that_load_more_and_frames_are_read_up_to_a_bound(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": shell(
            FRAMED
            + "main.innerHTML += '<a href=/scrolled>S</a> <a href=/pressed>P</a> <a href=/endless>E</a>'"
        ),
        "/frame": page("In a frame", body=f"<p>Words of a page in a frame. {WORDS}</p>"),
        "/scrolled": shell(SCROLLED),
        "/pressed": shell(PRESSED),
        "/endless": shell(ENDLESS),
        "/empty": shell(""),
    }
    with serving(pages) as site:
        result = run(site.url, tmp_path, "--use-playwright").completed()
        assert failures(result, site) == {"/empty": "empty_page"}
    assert "Loaf 69 of" in markdown(result, "/scrolled")
    assert "Loaf 69 of" in markdown(result, "/pressed")
    endless = markdown(result, "/endless")
    assert "Loaf 30 of" in endless
    assert "Loaf 400 of" not in endless
    assert "Words in the attribute of a frame." in markdown(result, "/")
    assert "Words of a page in a frame." in result.full
    assert "browser option" not in json.dumps(result.manifest)
