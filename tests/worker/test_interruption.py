"""Interrupted crawls are continued: few pages are fetched twice, and none is lost."""

import io
import signal
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

from llmready.domain.generation import Status
from testkit.emulator import Place
from testkit.people import queued
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, now_stored, until

LEASE = 3  # seconds


class Interruption(NamedTuple):
    """A crawl with this many pages and this delay per page, which a signal interrupts after some pages."""

    number: signal.Signals
    pages: int
    latency: float
    after: int


@pytest.mark.parametrize(
    "crawl",
    [
        Interruption(signal.SIGTERM, pages=200, latency=0.1, after=130),
        Interruption(signal.SIGKILL, pages=80, latency=0.4, after=40),
        pytest.param(
            Interruption(signal.SIGTERM, pages=800, latency=0.1, after=500), marks=pytest.mark.chaos
        ),
        pytest.param(
            Interruption(signal.SIGKILL, pages=600, latency=0.1, after=400), marks=pytest.mark.chaos
        ),
    ],
    ids=lambda crawl: f"{crawl.number.name}-{crawl.pages}",
)
def test_next_attempt_continues_from_the_checkpoint(
    place: Place,
    start_worker: Callable[..., Worker],
    crawl: Interruption,
    record_property: Callable[[str, object], None],
) -> None:
    number = crawl.number
    with serve(numbered(crawl.pages), latency=crawl.latency) as site:
        generation = queued(place, site.url, max_pages=1000)
        first = start_worker(crawl_allow=site.host, lease_seconds=LEASE)
        until(lambda: now_stored(place, generation).pages_crawled > crawl.after, seconds=60)
        if number is signal.SIGKILL:
            # A checkpoint is there once some seconds have passed.
            until(lambda: [key for key in place.stored_keys() if key.startswith("checkpoints/")])
        asked = time.monotonic()
        first.signal(number)
        first.wait()
        seconds = time.monotonic() - asked
        until(lambda: _settled(site.requests))
        before = now_stored(place, generation)
        if number is signal.SIGTERM:
            # The receive count is that of a new message, so an interruption does not bring it closer to the
            # dead-letter queue.
            (message,) = place.sqs.receive_message(
                QueueUrl=place.queue_urls[generation.lane],
                AttributeNames=["ApproximateReceiveCount"],
                VisibilityTimeout=0,
            )["Messages"]
            assert message["Attributes"]["ApproximateReceiveCount"] == "1"

        second = start_worker(crawl_allow=site.host, lease_seconds=LEASE, idle_seconds=60)
        until(lambda: now_stored(place, generation).fence == 2, seconds=LEASE + 60)
        again = time.monotonic() - asked
        until(lambda: now_stored(place, generation).status.is_final, seconds=60)
        second.signal(signal.SIGTERM)
        second.wait()
        fetched = Counter(path for path in site.requests if path == "/" or path[3:].isdecimal())
    ended = now_stored(place, generation)
    assert ended.status is Status.COMPLETED, second.log()
    assert ended.pages_crawled == crawl.pages
    assert len(fetched) == crawl.pages
    assert ended.archive is not None
    body = place.s3.get_object(Bucket=place.name, Key=ended.archive.key)["Body"].read()
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    full = archive.read("llms-full.txt").decode()
    assert all(f"This is what page {n} says." in full for n in range(crawl.pages))
    assert [key for key in place.stored_keys() if key.startswith("checkpoints/")] == []
    done = before.pages_crawled
    twice = sum(count - 1 for count in fetched.values())
    if number is signal.SIGTERM:
        assert (before.status, before.attempts) == (Status.PENDING, 0)
        assert seconds < 60
        # Pages that were being fetched at that moment are fetched twice.
        assert twice <= 0.05 * done, (twice, done)
        told = f"exit in {seconds:.1f} s"
    else:
        assert twice < done, "it began anew"
        told = f"next attempt {again:.1f} s after it (lease {LEASE} s)"
    record_property("figure", f"{number.name} mid-crawl: {told}, {twice} of {done} pages fetched twice")


def _settled(requests: list[str]) -> bool:
    before = len(requests)
    time.sleep(0.6)
    return len(requests) == before
