"""Sites that redirect until a cookie comes back, and pages that announce more bytes than they have."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from testkit.crawler_program import call
from testkit.serving import HTML, Answer, Request, links, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_AGE = {"Content-Type": HTML, "Cache-Control": "public, max-age=3600"}


def _moved(target: str, cookie: str = "") -> Answer:
    headers = {"Location": target} | ({"Set-Cookie": cookie} if cookie else {})
    return Answer("", HTTPStatus.FOUND, headers=headers)


def _walled(request: Request) -> Answer | None:
    """Serve pages only to clients that send a cookie back.

    The front page redirects to another URL and back; an inner page redirects to itself.
    """
    cookies = request.headers.get("Cookie", "")
    match request.path:
        case "/":
            return Answer(page("Bakery", links("/rolls"))) if "seen=1" in cookies else _moved("/hello?to=/")
        case "/hello?to=/":
            return _moved("/", "seen=1; Path=/; HttpOnly")
        case "/rolls":
            found = Answer(page("Rolls"), headers=MAX_AGE)
            return found if "rolls=yes" in cookies else _moved("/rolls", "rolls=yes")
    return None


def test_cookies_that_come_with_redirects_are_sent_back(tmp_path: Path) -> None:
    with serving(lambda _: None) as site:
        site.answer_request = _walled
        found = call(site.url, tmp_path).completed()
        assert found.urls(site.url) == {"/", "/rolls"}
        assert "The site sets cookies in its redirects" in " ".join(found.manifest["notes"])


def test_cookies_of_pages_are_not_sent(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {
        "/": Answer(page("Home", links("/a")), headers={"Content-Type": HTML, "Set-Cookie": "visitor=7"}),
        "/a": page("A"),
    }
    with serving(pages) as site:
        call(site.url, tmp_path).completed()
        assert not [request for request in site.requests if "Cookie" in json.dumps(request.headers)]


def test_pages_fetched_with_cookies_are_not_shared_with_other_crawls(tmp_path: Path) -> None:
    shared = tmp_path / "shared.cache"
    with serving(lambda _: None) as site:
        site.answer_request = _walled
        call(site.url, tmp_path / "first", "--share", str(shared)).completed()
        before = len(site.requests)
        call(site.url, tmp_path / "second", "--shared", str(shared)).completed()
        assert "/rolls" in [request.path for request in site.requests[before:]]


@contextmanager
def _announcing(body: str, extra: int) -> Iterator[str]:
    """Serve one page whose Content-Length is too large by `extra` bytes, then close the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        data = body.encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\nContent-Length: {len(data) + extra}\r\n\r\n".encode()
        )
        missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    path = connection.recv(65_536).split(b" ")[1]
                    connection.sendall(head + data if path == b"/" else missing)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_a_whole_page_is_kept_although_more_bytes_were_announced(tmp_path: Path) -> None:
    with _announcing(page("Rolls"), 50) as url:
        assert call(url, tmp_path).completed().urls(url) == {"/"}


def test_a_page_that_ends_early_is_not_kept(tmp_path: Path) -> None:
    with _announcing(page("Rolls").removesuffix("</html>"), 50) as url:
        call(url, tmp_path, "--zip").failed("connection_failed")
