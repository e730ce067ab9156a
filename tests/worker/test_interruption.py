"""Crawls that are interrupted and gone on with: little is fetched twice, nothing is lost."""

import io
import signal
import time
import zipfile
from collections import Counter
from collections.abc import Callable

import pytest

from llmready.domain.generation import Status
from tests.e2e.sites import numbered, serve
from tests.emulator import Place
from tests.people import queued
from tests.worker.process import Worker, now_stored, until

PAGES = 80
# Requests that were on their way when the crawl was broken off count as not made.
IN_FLIGHT = 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_next_attempt_goes_on_from_there(
    place: Place,
    start_worker: Callable[..., Worker],
    number: signal.Signals,
    record_property: Callable[[str, object], None],
) -> None:
    with serve(numbered(PAGES), latency=0.4) as site:
        generation = queued(place, site.url)
        first = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 40, seconds=30)
        if number is signal.SIGKILL:
            # A checkpoint is there once some seconds have passed.
            until(lambda: [key for key in place.stored_keys() if key.startswith("checkpoints/")])
        asked = time.monotonic()
        first.signal(number)
        first.wait()
        seconds = time.monotonic() - asked
        until(lambda: _settled(site.requests))
        before = now_stored(place, generation)
        done = len([path for path in site.requests if path[3:].isdecimal()])
        if number is signal.SIGTERM:
            # As if it had never been delivered: going is no step towards the dead letters.
            (message,) = place.sqs.receive_message(
                QueueUrl=place.queue_urls[generation.queue],
                AttributeNames=["ApproximateReceiveCount"],
                VisibilityTimeout=0,
            )["Messages"]
            assert message["Attributes"]["ApproximateReceiveCount"] == "1"

        second = start_worker(crawl_allow=site.host, idle_seconds=60)
        until(lambda: now_stored(place, generation).status.is_final, seconds=40)
        second.signal(signal.SIGTERM)
        second.wait()
        fetched = Counter(path for path in site.requests if path == "/" or path[3:].isdecimal())
    ended = now_stored(place, generation)
    assert ended.status is Status.COMPLETED, second.log()
    assert ended.pages_crawled == PAGES
    assert len(fetched) == PAGES
    assert ended.archive is not None
    body = place.s3.get_object(Bucket=place.name, Key=ended.archive.key)["Body"].read()
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    full = archive.read("llms-full.txt").decode()
    assert all(f"This is what page {n} says." in full for n in range(PAGES))
    assert [key for key in place.stored_keys() if key.startswith("checkpoints/")] == []
    if number is signal.SIGTERM:
        assert (before.status, before.attempts) == (Status.PENDING, 0)
        twice = sum(count - 1 for count in fetched.values())
        record_property(
            "figure", f"SIGTERM mid-crawl: exit in {seconds:.1f} s, {twice} of {done} pages fetched twice"
        )
        assert seconds < 60
        assert twice <= 0.05 * done + IN_FLIGHT, (twice, done)


def _settled(requests: list[str]) -> bool:
    before = len(requests)
    time.sleep(0.6)
    return len(requests) == before
