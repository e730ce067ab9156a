import contextlib
import hashlib
import io
import os
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest

from llmready.domain.clock import now
from llmready.domain.errors import LeaseLost
from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import archive_key
from llmready.domain.plans import Lane, QueueName
from testkit.emulator import Place
from testkit.people import new_generation, queued, registered, started, with_website
from testkit.sites import Answer, numbered, serve
from testkit.worker_process import Worker, children_of, is_alive, now_stored, until


def test_message_becomes_an_archive(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(12)) as site:
        generation = queued(place, site.url)
        worker = start_worker(crawl_allow=site.host)
        assert worker.wait() == 0

    done = now_stored(place, generation)
    assert done.status is Status.COMPLETED, worker.log()
    assert (done.pages_crawled, done.total_pages, done.pages_failed) == (12, 12, 0)
    assert (done.progress_percentage, done.attempts, done.fence) == (100, 1, 1)
    assert done.archive is not None
    assert done.archive.key == archive_key(generation.user_id, generation.id, 1)
    body = place.s3.get_object(Bucket=place.name, Key=done.archive.key)["Body"].read()
    assert len(body) == done.archive.file_size
    assert hashlib.sha256(body).hexdigest() == done.archive.sha256
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"llms.txt", "llms-full.txt", "manifest.json"} <= set(names)
    ledger = place.quotas.get(generation.user_id, generation.month)
    assert (ledger.taken, ledger.used, ledger.reserved) == (1, 1, 0)
    assert place.waiting(place.queue_urls[generation.lane]) == (0, 0)
    assert place.waiting(place.mail_queue_url) == (1, 0)
    assert list(worker.work.iterdir()) == []


def test_progress_moves_while_it_runs(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(24), latency=0.15) as site:
        generation = queued(place, site.url)
        worker = start_worker(crawl_allow=site.host)
        seen: list[tuple[int, int]] = []

        def has_ended() -> bool:
            stored = now_stored(place, generation)
            seen.append((stored.pages_crawled, stored.total_pages))
            return stored.status.is_final

        until(has_ended, seconds=30)
        assert worker.wait() == 0
    assert now_stored(place, generation).status is Status.COMPLETED
    assert seen == sorted(seen)
    assert len(set(seen)) >= 4
    assert all(crawled <= total for crawled, total in seen)


def test_next_worker_completes_after_a_kill_with_one_unit_used(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(14), latency=0.25) as site:
        generation = queued(place, site.url)
        first = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        crawlers = children_of(first.pid)
        assert crawlers
        first.signal(signal.SIGKILL)
        first.wait()
        until(lambda: not any(is_alive(pid) for pid in crawlers), seconds=3)

        second = start_worker(crawl_allow=site.host, idle_seconds=60)
        until(lambda: now_stored(place, generation).status is Status.COMPLETED, seconds=30)
        until(lambda: place.waiting(place.queue_urls[generation.lane]) == (0, 0))
        second.signal(signal.SIGTERM)
        assert second.wait() == 0
    done = now_stored(place, generation)
    assert (done.fence, done.attempts, done.pages_crawled) == (2, 2, 14)
    archives = [key for key in place.stored_keys() if key.endswith(".zip")]
    assert archives == [archive_key(generation.user_id, generation.id, 2)]
    ledger = place.quotas.get(generation.user_id, generation.month)
    assert (ledger.taken, ledger.used, ledger.reserved) == (1, 1, 0)
    assert place.waiting(place.mail_queue_url) == (1, 0)
    assert place.waiting(place.queue_urls[generation.lane]) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="tasks run on Linux")
def test_a_task_whose_memory_is_used_up_by_no_process_ends_its_crawls(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(200), latency=0.25) as site, os.fdopen(os.memfd_create("held"), "wb") as held:
        generation = queued(place, site.url)
        worker = start_worker(crawl_allow=site.host, task_memory=2048)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        for _ in range(400):
            held.write(bytes(1 << 20))
        held.flush()
        until(lambda: worker.said("generation waits for another attempt"), seconds=30)
        assert worker.said("a crawl ends because a crawl of this task uses up its memory or disk")
        assert children_of(worker.pid) == []
        assert now_stored(place, generation).status is Status.PENDING
        assert worker.wait() == 0


def test_a_worker_that_lost_its_lease_writes_nothing(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(14), latency=0.25) as site:
        generation = queued(place, site.url)
        worker = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        taken_over = _taken_over(place, generation)
        until(lambda: worker.said("lease lost; another worker continues the generation"))
        assert children_of(worker.pid) == []
        assert worker.wait() == 0
    assert now_stored(place, generation) == taken_over
    assert place.stored_keys() == []
    assert place.waiting(place.mail_queue_url) == (0, 0)
    assert place.waiting(place.queue_urls[generation.lane])[1] == 1
    assert list(worker.work.iterdir()) == []


def test_stopped_worker_hands_back(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(14), latency=0.25) as site:
        generation = queued(place, site.url)
        first = start_worker(crawl_allow=site.host)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        asked = time.monotonic()
        first.signal(signal.SIGTERM)
        assert first.wait() == 0
        assert time.monotonic() - asked < 12
        waiting = now_stored(place, generation)
        assert (waiting.status, waiting.attempts, waiting.fence) == (Status.PENDING, 0, 1)
        assert waiting.lease_expires_at is None
        assert place.waiting(place.queue_urls[generation.lane]) == (1, 0)
        assert list(first.work.iterdir()) == []

        assert start_worker(crawl_allow=site.host).wait() == 0
    done = now_stored(place, generation)
    assert (done.status, done.fence, done.attempts) == (Status.COMPLETED, 2, 1)
    assert place.quotas.get(generation.user_id, generation.month).taken == 1


def test_duplicate_message_is_processed_once(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(12), latency=0.1) as site:
        user = registered(place)
        generation = started(place, user, with_website(place, user, site.url))
        for _ in range(2):
            place.jobs.send(generation)
        workers = [start_worker(crawl_allow=site.host, idle_seconds=60) for _ in range(2)]
        until(lambda: place.waiting(place.queue_urls[generation.lane]) == (0, 0))
        for worker in workers:
            worker.signal(signal.SIGTERM)
        assert [worker.wait() for worker in workers] == [0, 0]
    done = now_stored(place, generation)
    assert (done.status, done.fence, done.attempts) == (Status.COMPLETED, 1, 1)
    assert sorted(worker.said("generation claimed") for worker in workers) == [False, True]
    assert place.quotas.get(user.id, generation.month).used == 1


def test_an_idle_worker_reacts_at_once_and_ends_in_time(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    worker = start_worker(idle_seconds=2)
    until(lambda: worker.said("worker ready"))
    time.sleep(0.5)
    user = registered(place)
    gone = new_generation(user, with_website(place, user))
    sent = time.monotonic()
    place.jobs.send(gone)
    until(lambda: place.waiting(place.queue_urls[gone.lane]) == (0, 0))
    assert time.monotonic() - sent < 0.5
    assert worker.wait() == 0
    assert 1.9 < time.monotonic() - sent < 8


def test_idle_worker_stops_on_request(start_worker: Callable[..., Worker]) -> None:
    worker = start_worker(idle_seconds=60)
    until(lambda: worker.said("worker ready"))
    worker.signal(signal.SIGINT)
    assert worker.wait(3) == 0


def test_unknown_message_stops_no_worker(place: Place, start_worker: Callable[..., Worker]) -> None:
    for body in ("not json", "[]", '{"user_id": 1}'):
        place.sqs.send_message(QueueUrl=place.queue_urls[Lane.PRIORITY], MessageBody=body)
    user = registered(place)
    gone = new_generation(user, with_website(place, user), queue=QueueName.STANDARD)
    place.jobs.send(gone)
    worker = start_worker()
    assert worker.wait() == 0
    assert place.waiting(place.queue_urls[Lane.STANDARD]) == (0, 0)
    assert place.waiting(place.queue_urls[Lane.PRIORITY]) == (0, 3)


def test_site_that_forbids_crawling_fails_permanently(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    def answer(path: str, _url: str) -> Answer:
        return Answer("User-agent: *\nDisallow: /\n") if path == "/robots.txt" else Answer("no", status=404)

    with serve(answer) as site:
        user = registered(place)
        website = with_website(place, user, site.url)
        generation = started(place, user, website)
        place.jobs.send(generation)
        assert start_worker(crawl_allow=site.host).wait() == 0
    failed = now_stored(place, generation)
    assert (failed.status, failed.error_code, failed.attempts) == (Status.FAILED, "robots_disallowed", 1)
    ledger = place.quotas.get(generation.user_id, generation.month)
    assert (ledger.taken, ledger.used, ledger.reserved) == (0, 0, 0)
    assert place.waiting(place.queue_urls[generation.lane]) == (0, 0)
    assert place.waiting(place.mail_queue_url) == (1, 0)
    started(place, user, website)  # the website is free again


def _taken_over(place: Place, generation: Generation) -> Generation:
    """Store a claim of another worker, although the first worker is still writing."""
    for _ in range(20):
        stored = now_stored(place, generation)
        other = stored.model_copy(
            update={"fence": stored.fence + 1, "lease_expires_at": now() + timedelta(minutes=10)}
        )
        with contextlib.suppress(LeaseLost):
            place.generations.claim(stored, other)
            return other
    raise AssertionError("the generation never stood still")
