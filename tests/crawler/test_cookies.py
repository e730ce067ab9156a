"""Sites that redirect until a cookie comes back, and pages that announce more bytes than they have."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from llmready.crawler.fetch.cookies import RedirectCookies
from llmready.crawler.urls import parse
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


def _bouncing(request: Request) -> Answer | None:
    """Serve inner pages that redirect to other URLs and back until their cookie is sent."""
    path, cookies = request.path, request.headers.get("Cookie", "")
    names = ("first", "second", "query", "long")
    hops = {
        "/first": ("/first-check", "first=1; Path=/"),
        "/first-check": ("/first", ""),
        "/second": ("/second-check", ""),
        "/second-check": ("/second", "second=1; Path=/"),
        "/query": ("/query?check=1", "query=1"),
        "/query?check=1": ("/query", ""),
        "/long": ("/long/a", ""),
        "/long/a": ("/long/b", "long=1; Path=/"),
        "/long/b": ("/long/c", ""),
        "/long/c": ("/long", ""),
        "/never": ("/never-check", ""),
        "/never-check": ("/never", "never=1; Path=/elsewhere"),
    }
    if path == "/":
        return Answer(page("Home", links("/never", *(f"/{name}" for name in names))))
    if path[1:] in names and f"{path[1:]}=1" in cookies:
        return Answer(page(path[1:], f"<p>The words of the page {path[1:]}.</p>"))
    return _moved(*hops[path]) if path in hops else None


def test_inner_pages_that_redirect_to_themselves_through_other_urls_to_set_a_cookie(tmp_path: Path) -> None:
    with serving(lambda _: None) as site:
        site.answer_request = _bouncing
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/first", "/second", "/query", "/long"}
    failures = {one["url"].removeprefix(site.url): one["code"] for one in found.manifest["failures"]}
    assert failures == {"/never": "too_many_redirects"}


def _refreshing(request: Request) -> Answer | None:
    """Serve inner pages that set a cookie and refresh themselves, by a meta element or a header."""
    path, cookies = request.path, request.headers.get("Cookie", "")
    kinds = {
        "/meta": ("0", ""),
        "/meta-url": ("0; url=/meta-url", ""),
        "/header": ("", "0; url=/header"),
        "/header-alone": ("", "1"),
        "/check": ("0; url=/through", ""),
    }
    if path in ("/", "/always", "/through"):
        name = path[1:] or "front"
        body = page(path, f"<p>The words of {name}.</p>{links(*kinds, '/always', '/through')}")
        if path == "/always":
            cookie = f"always={len(cookies)}; Path=/"
            return Answer(body, headers={"Content-Type": HTML, "Set-Cookie": cookie, "Refresh": "3"})
        if path == "/through" and "check=1" not in cookies:
            return _moved("/check")
        return Answer(body)
    if path not in kinds:
        return None
    if f"{path[1:]}=1" in cookies and path != "/check":
        return Answer(page(path, f"<p>The words of {path[1:]}.</p>"))
    meta, header = kinds[path]
    headers = {"Content-Type": HTML, "Set-Cookie": f"{path[1:]}=1; Path=/"} | (
        {"Refresh": header} if header else {}
    )
    element = f'<meta http-equiv="refresh" content="{meta}">' if meta else ""
    return Answer(f"<title>Wait</title>{element}<p>Checking.", headers=headers)


def test_pages_that_set_a_cookie_and_refresh_themselves(tmp_path: Path) -> None:
    with serving(lambda _: None) as site:
        site.answer_request = _refreshing
        found = call(site.url, tmp_path).completed()
    names = ("meta", "meta-url", "header", "header-alone", "always", "through")
    assert found.urls(site.url) == {"/", *(f"/{name}" for name in names)}
    assert all(f"The words of {name}." in found.full for name in names)
    assert not found.manifest["failures"]


def test_a_page_whose_cookie_another_page_sets_after_it_was_requested(tmp_path: Path) -> None:
    def answer(request: Request) -> Answer | None:
        if request.path == "/check":
            return Answer(status=302, headers={"Location": "/through", "Set-Cookie": "check=1; Path=/"})
        if request.path == "/through" and "check=1" not in request.headers.get("Cookie", ""):
            return Answer(status=302, headers={"Location": "/check"}, delay=1.0)
        return Answer(page(request.path, f"<p>Words of {request.path}.</p>{links('/through', '/check')}"))

    with serving(lambda _: None) as site:
        site.answer_request = answer
        found = call(site.url, tmp_path).completed()
    assert found.urls(site.url) == {"/", "/through"}
    assert not found.manifest["failures"]


@pytest.mark.parametrize("refresh", ["0", "0; url=/", "0; url=/rolls", "header"])
def test_a_start_page_that_sets_a_cookie_and_refreshes(tmp_path: Path, refresh: str) -> None:
    def answer(request: Request) -> Answer | None:
        if "seen=1" in request.headers.get("Cookie", ""):
            return Answer(page("Bakery", "<p>The words of the page.</p>"))
        headers = {"Content-Type": HTML, "Set-Cookie": "seen=1; Path=/"}
        if refresh == "header":
            return Answer("<p>Wait", headers={**headers, "Refresh": "0;/"})
        return Answer(f'<meta http-equiv="refresh" content="{refresh}"><p>Wait', headers=headers)

    with serving(lambda _: None) as site:
        site.answer_request = lambda request: answer(request) if request.path in ("/", "/rolls") else None
        assert "The words of the page." in call(site.url, tmp_path).completed().full


def test_a_refresh_header_is_followed_like_a_meta_refresh(tmp_path: Path) -> None:
    def refreshed(header: str) -> Answer:
        return Answer(page("Old", "<p>Old words.</p>"), headers={"Content-Type": HTML, "Refresh": header})

    pages: dict[str, Answer | str] = {
        "/": page("Home", links("/old", "/slow", "/outside")),
        "/old": refreshed("0; url=/new"),
        "/slow": refreshed("300; url=/news"),
        "/outside": refreshed("0; url=https://elsewhere.example.org/"),
        "/new": page("New", "<p>New words.</p>"),
    }
    with serving(pages) as site:
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/new", "/slow"}


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


ODD = (
    "prefs[lang]=en",
    "a@b/(c)?{d}=1; Path=/",
    "path=p",
    "expires=never",
    "my cookie=1",
    "nameless",
    "=empty",
    "a\tb=1",
    "tail=ü",
)


@pytest.mark.parametrize("cookie", ODD)
def test_cookies_with_unusual_names_are_sent_back(tmp_path: Path, cookie: str) -> None:
    pair = cookie.partition(";")[0].removeprefix("=")

    def answer(request: Request) -> Answer | None:
        if request.path not in ("/", "/rolls"):
            return None
        sent = request.headers.get("Cookie", "")
        return Answer(page(request.path, links("/rolls"))) if pair in sent else _moved(request.path, cookie)

    with serving(lambda _: None) as site:
        site.answer_request = answer
        assert call(site.url, tmp_path).completed().urls(site.url) == {"/", "/rolls"}


BAKERY = parse("https://www.bakery.example/shop/rolls")


@pytest.mark.parametrize(
    ("header", "url", "sent"),
    [
        ("a=1; Path=/; Secure", "https://www.bakery.example/", "a=1"),
        ("a=1; Path=/; Secure", "http://www.bakery.example/", None),
        ('a="{1}"', "https://www.bakery.example/shop", 'a="{1}"'),
        ("a=1", "https://www.bakery.example/shop/x", "a=1"),
        ("a=1", "https://www.bakery.example/shopping", None),
        ("a=1; Path=/", "https://bakery.example/", None),
        ("a=1; Path=/; Domain=.Bakery.example", "https://bakery.example/", "a=1"),
        ("a=1; Path=/; Domain=bakery.example", "https://old.bakery.example/", "a=1"),
        ("a=1; Path=/; Domain=bakery.example", "https://mybakery.example/", None),
        ("a=1; Path=/; Domain=example", "https://www.bakery.example/", None),
        ("a=1; Path=/; Domain=butcher.example", "https://www.bakery.example/", None),
        (
            "a=1; Path=/; Max-Age=60; Expires=Thu, 01-Jan-1970 00:00:01 GMT",
            "https://www.bakery.example/",
            "a=1",
        ),
        ("a=1; Path=/; Max-Age=²; Expires=soon", "https://www.bakery.example/", "a=1"),
        (f"a={'x' * 5000}; Path=/", "https://www.bakery.example/", None),
        ("a=1\x01; Path=/", "https://www.bakery.example/", None),
        ("", "https://www.bakery.example/", None),
        ("=", "https://www.bakery.example/", None),
    ],
)
def test_which_requests_send_a_cookie(header: str, url: str, sent: str | None) -> None:
    cookies = RedirectCookies()
    cookies.take([header], BAKERY)
    assert cookies.header(parse(url)).get("Cookie") == sent


@pytest.mark.parametrize("end", ["Max-Age=0", "max-age=-5", "Expires=Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_cookie_can_be_replaced_and_deleted(end: str) -> None:
    cookies = RedirectCookies()
    cookies.take(["a=1", "a=2"], BAKERY)
    assert cookies.header(BAKERY) == {"Cookie": "a=2"}
    cookies.take([f"a=; {end}"], BAKERY)
    assert not cookies


def test_the_number_of_cookies_is_limited() -> None:
    cookies = RedirectCookies()
    for number in range(1000):
        cookies.take([f"{number}=1; Path=/"], parse(f"https://www.bakery.example/{number}"))
    assert cookies.header(BAKERY)["Cookie"].count("=") == 50


@pytest.mark.parametrize(("number", "length"), [(60, 1), (49, 115), (11, 540), (9, 2990), (9, 4000)])
def test_one_page_cannot_displace_the_cookies_of_others(number: int, length: int) -> None:
    cookies = RedirectCookies()
    cookies.take([f"before={'b' * 600}; Path=/"], BAKERY)
    for one in range(number):
        # One page may redirect to itself with other queries.
        url = parse(f"https://www.bakery.example/user?{one % 5}")
        cookies.take([f"big{one}={'x' * length}; Path=/"], url)
    cookies.take([f"after={'a' * 600}; Path=/"], parse("https://www.bakery.example/sign-in"))
    sent = cookies.header(parse("https://www.bakery.example/docs/x"))["Cookie"]
    assert len(sent) < 8000
    assert {"before", "after"} <= {pair.partition("=")[0] for pair in sent.split("; ")}


@pytest.mark.parametrize(("number", "length"), [(45, 30), (3, 1600), (1, 4000)])
def test_a_site_may_set_many_or_long_cookies_at_once(number: int, length: int) -> None:
    cookies = RedirectCookies()
    cookies.take([f"c{one}={'x' * length}; Path=/" for one in range(number)], BAKERY)
    assert cookies.header(BAKERY)["Cookie"].count("=") == number


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
