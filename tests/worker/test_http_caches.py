"""HTTP caches for later crawls: responses of the same website and, if enabled, publicly cacheable responses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import http_cache_key, shared_http_cache_key
from llmready.usecases.delete_generation import delete_generation
from testkit.emulator import Place
from testkit.people import registered, started, with_website
from testkit.sites import page
from testkit.worker_process import Worker, now_stored

PAGES = {"/": ("/a", "/b", "/c"), "/a": (), "/b": (), "/c": ()}


class Log(list[tuple[str, int]]):
    """The requests that a site got: path and status."""

    host = ""

    def taken(self) -> list[tuple[str, int]]:
        """Return the pages among them, and clear the log."""
        found = sorted(one for one in self if one[0] in PAGES)
        self.clear()
        return found


@contextmanager
def validating(**headers: str) -> Iterator[Log]:
    """Serve pages that have validators, with more headers."""
    log = Log()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = self.path in PAGES
            mark = f'"{self.path}"'
            unchanged = known and self.headers.get("If-None-Match") == mark
            status = 304 if unchanged else 200 if known else 404
            log.append((self.path, status))
            body = page(self.path, "Some words. " * 9, PAGES[self.path]).encode() if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            for name, value in {"ETag": mark, **headers}.items() if known else ():
                self.send_header(name.replace("_", "-"), value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    log.host = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def generated(place: Place, start_worker: Callable[..., Worker]) -> Callable[..., Generation]:
    """Generate a website with a separate worker, for a new user if none is given."""

    def generate(log: Log, user: object = None, website: object = None, **settings: object) -> Generation:
        user = user or registered(place)
        website = website or with_website(place, user, f"http://{log.host}/")  # type: ignore[arg-type]
        generation = started(place, user, website)  # type: ignore[arg-type]
        place.jobs.send(generation)
        worker = start_worker(crawl_allow=log.host, **settings)
        assert worker.wait(60) == 0
        done = now_stored(place, generation)
        assert done.status is Status.COMPLETED, worker.log()
        assert done.pages_crawled == len(PAGES)
        assert not worker.said("HTTP cache not fetched"), worker.log()
        return done

    return generate


def _keys(place: Place) -> set[str]:
    return {entry["Key"] for entry in place.s3.list_objects_v2(Bucket=place.name).get("Contents", [])}


def test_the_next_generation_downloads_only_changed_pages(
    place: Place, generated: Callable[..., Generation]
) -> None:
    user = registered(place)
    with validating() as log:
        website = with_website(place, user, f"http://{log.host}/")
        first = generated(log, user, website)
        assert log.taken() == [(path, 200) for path in sorted(PAGES)]
        generated(log, user, website)
        assert log.taken() == [(path, 304) for path in sorted(PAGES)]
        # A crawl of the same site by another user does not use it.
        generated(log)
        assert log.taken() == [(path, 200) for path in sorted(PAGES)]
    assert http_cache_key(user.id, first.id, first.fence) in _keys(place)
    assert not [key for key in _keys(place) if key.startswith("shared/")]
    delete_generation(place.services, first)
    assert not [key for key in _keys(place) if first.id in key]


def test_shared_cache_shares_publicly_cacheable_responses(
    place: Place, generated: Callable[..., Generation]
) -> None:
    with validating(Cache_Control="max-age=3600") as log:
        generated(log, shared_cache="true")
        assert log.taken() == [(path, 200) for path in sorted(PAGES)]
        assert shared_http_cache_key(log.host) in _keys(place)
        generated(log, shared_cache="true")
        assert log.taken() == []
        # Without the setting nobody uses it.
        generated(log, shared_cache="false")
        assert log.taken() == [(path, 200) for path in sorted(PAGES)]
