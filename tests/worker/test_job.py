"""Single jobs, with small programs in place of crawlers."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.adapters.sqs import SqsJobQueue
from llmready.domain.archive import Quality, QualityReason
from llmready.domain.clock import now
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation, Progress, Status
from llmready.domain.generation_files import archive_key
from llmready.domain.plans import Lane, QueueName
from llmready.ports.tasks import QueuedJob
from llmready.services import Services
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import TIMED_OUT, WORKER_LOST
from llmready.worker.blocked_hosts import BlockedHosts
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_process import Limits
from llmready.worker.http_caches import HttpCaches
from llmready.worker.intake import Intake
from llmready.worker.job import run_job
from llmready.worker.job_context import JobContext
from llmready.worker.lease import visibility
from llmready.worker.supervisor import Supervisor
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.people import new_generation, registered, started, with_website
from testkit.worker_process import now_stored
from tests.worker.programs import crawler

COMPLETES = "progress(1, 4); progress(3, 4, 1); completed()"


class Flaky:
    """An adapter whose first calls fail.

    Args:
        real: The adapter that is used after the failures.
        failing: For each method, how many of its first calls raise TryAgain.
    """

    def __init__(self, real: Any, **failing: int) -> None:
        self._real = real
        self._failing = failing

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        def call(*args: Any, **named: Any) -> Any:
            if self._failing.get(name, 0) > 0:
                self._failing[name] -= 1
                raise TryAgain
            return method(*args, **named)

        return call


class HidingRecorded:
    """The queues, with a record of the visibility timeouts of messages."""

    def __init__(self, real: SqsJobQueue) -> None:
        self._real = real
        self.hidden: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def hide(self, job: QueuedJob, seconds: int) -> None:
        self.hidden.append(seconds)
        self._real.hide(job, seconds)


class Office:
    """The environment in which a job is run."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.stop = asyncio.Event()
        self.user = registered(place)
        self.generation = started(place, self.user, with_website(place, self.user))
        place.jobs.send(self.generation)

    def receive(self) -> QueuedJob:
        found = self.place.jobs.receive(Lane.PRIORITY, wait=2, visibility=30)
        assert found is not None
        return found

    async def do(self, body: str, message: QueuedJob | None = None, **context: Any) -> Generation:
        """Run the waiting job with ``body`` in place of the crawler, and return the generation afterwards."""
        limits = Limits(memory=300 << 20, interval=0.1, stopping=1)
        names = {field.name for field in fields(Services)}
        parts = {name: context.pop(name) for name in names & context.keys()}
        if "jobs" in parts:
            parts["job_consumer"] = parts["jobs"]
        with_defaults = {
            "services": replace(self.place.services, **parts),
            "http_caches": HttpCaches(generations=self.place.generations, archives=self.place.archives),
            "checkpoints": Checkpoints(self.place.archives),
            "blocked_hosts": BlockedHosts(DynamoControls(self.place.table), seconds=0.1),
            "supervisor": Supervisor(Confinement(), limits=limits, command=crawler(body)),
            "lease": timedelta(seconds=10),
            "attempt_timeout": timedelta(seconds=60),
            "retries": 2,
            "archive_mb": 1,
            "work": self.folder,
            **context,
        }
        await run_job(message or self.receive(), JobContext(**with_defaults), self.stop)
        assert list(self.folder.iterdir()) == []
        return now_stored(self.place, self.generation)

    def messages(self) -> tuple[int, int]:
        """Return the numbers of visible and of hidden messages of the queue."""
        return self.place.waiting(self.place.queue_urls[Lane.PRIORITY])

    def mails(self) -> int:
        return self.place.waiting(self.place.mail_queue_url)[0]

    def quota(self) -> tuple[int, int, int]:
        ledger = self.place.quotas.get(self.user.id, self.generation.month)
        return ledger.taken, ledger.used, ledger.reserved


@pytest.fixture
def office(place: Place, tmp_path: Path) -> Office:
    return Office(place, tmp_path)


async def test_job_completes(office: Office) -> None:
    done = await office.do(COMPLETES)
    assert done.status is Status.COMPLETED
    assert (done.pages_crawled, done.total_pages, done.pages_failed, done.progress_percentage) == (
        3,
        4,
        1,
        100,
    )
    assert done.archive is not None
    assert (done.archive.total_files, done.archive.content_bytes) == (7, 99)
    assert done.archive.quality == Quality(
        score=95,
        reasons=[
            QualityReason(
                code="not_https",
                detail="Not secure.",
                points=5,
                pages=["http://a.example/"],
                remedy="Serve https.",
            )
        ],
    )
    assert office.place.stored_keys() == [done.archive.key]
    assert (office.messages(), office.mails(), office.quota()) == ((0, 0), 1, (1, 1, 0))


async def test_sitemaps_that_were_read_in_part_are_a_warning(office: Office) -> None:
    done = await office.do("completed(partial_sitemaps=2)")
    sentence = "2 of the site's sitemaps could be read only in part; pages may be missing."
    assert done.warnings == [f"{sentence} The notes in manifest.json name them."]


async def test_a_simpler_structure_is_a_warning(office: Office) -> None:
    done = await office.do("completed(simplified=True)")
    assert done.warnings == ["Arranging the pages took too long, so llms.txt lists them without sections."]


async def test_permanent_failure_ends_the_generation(office: Office) -> None:
    done = await office.do("failed('no_pages', False, 'There was nothing to read.')")
    assert (done.status, done.error_code, done.error_message) == (
        Status.FAILED,
        "no_pages",
        "There was nothing to read.",
    )
    assert (office.messages(), office.mails(), office.quota()) == ((0, 0), 1, (0, 0, 0))


async def test_transient_failure_is_retried_and_finally_fails(office: Office) -> None:
    body = "failed('server_error', True, 'The site answered 500.')"
    jobs = HidingRecorded(office.place.jobs)
    for attempt, delay in ((1, 5), (2, 20)):
        waiting = await office.do(body, jobs=jobs)
        assert (waiting.status, waiting.attempts, waiting.error_code) == (
            Status.PENDING,
            attempt,
            "server_error",
        )
        assert waiting.lease_expires_at is None
        assert jobs.hidden[-1] == delay
        assert (office.messages(), office.mails(), office.quota()) == ((0, attempt), 0, (1, 0, 1))
        office.place.jobs.send(office.generation)
    failed = await office.do(body)
    assert (failed.status, failed.attempts, failed.error_code) == (Status.FAILED, 3, "server_error")
    assert (office.messages(), office.mails(), office.quota()) == ((0, 2), 1, (0, 0, 0))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("os._exit(3)", Status.PENDING, "internal_error"),
        ("completed(content=None)", Status.PENDING, "internal_error"),
        ("completed(sha256='0' * 64)", Status.PENDING, "internal_error"),
        ("completed(os.urandom(1100000))", Status.FAILED, "archive_too_large"),
        ("hold = bytearray(400 * 2**20); time.sleep(60)", Status.FAILED, "budget_exceeded"),
    ],
    ids=["dies", "no archive", "another archive", "a large archive", "too much memory"],
)
async def test_misbehaving_crawler_fails_the_generation(
    office: Office, body: str, status: Status, code: str
) -> None:
    done = await office.do(body)
    assert (done.status, done.error_code) == (status, code)
    assert done.error_message
    assert office.place.stored_keys() == []


@pytest.mark.parametrize(
    "make",
    [
        "os.symlink(secret, archive)",
        "os.link(secret, archive)",
        "os.mkfifo(archive)",
        "archive.mkdir()",
        "archive.write_bytes(b'an archive')",
        "archive.write_bytes(zipped(**{'../evil.md': 'words'}))",
    ],
    ids=["symbolic link", "hard link", "pipe", "folder", "no zip", "a path that leads out"],
)
async def test_an_archive_with_unsafe_paths_is_not_stored(
    office: Office, tmp_path_factory: pytest.TempPathFactory, make: str
) -> None:
    secret = tmp_path_factory.mktemp("secret") / "secret"
    done = await office.do(
        f"""
        secret = pathlib.Path({str(secret)!r})
        secret.write_bytes(zipped())
        {make}
        content = archive.read_bytes() if archive.is_file() else zipped()
        completed(content=None, sha256=hashlib.sha256(content).hexdigest())
        """
    )
    assert (done.status, done.error_code) == (Status.PENDING, "internal_error")
    assert office.place.stored_keys() == []


async def test_an_attempt_that_outlasts_its_time_is_stopped(office: Office) -> None:
    begun = time.monotonic()
    done = await office.do("time.sleep(60)", attempt_timeout=timedelta(seconds=1), retries=0)
    assert time.monotonic() - begun < 5
    assert (done.status, done.error_code) == (Status.FAILED, "timeout")
    assert office.quota() == (0, 0, 0)


async def test_crawler_gets_the_remaining_time(office: Office) -> None:
    done = await office.do(
        "failed('no_pages', False, options['timeout'])", attempt_timeout=timedelta(seconds=50)
    )
    assert done.error_message == "50"


async def test_stop_request_hands_back_running_jobs(office: Office) -> None:
    asyncio.get_running_loop().call_later(0.6, office.stop.set)
    waiting = await office.do("progress(1, 9); time.sleep(60)")
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.PENDING, 0, None)
    assert (office.messages(), office.quota()) == ((1, 0), (1, 0, 1))


async def test_message_without_a_generation_is_deleted(office: Office) -> None:
    done = await office.do("failed('no_pages', False)")
    for generation in (done, new_generation(office.user, with_website(office.place, office.user))):
        office.place.jobs.send(generation)
        assert await office.do(COMPLETES) == done
        assert office.messages() == (0, 0)
    assert office.mails() == 1


async def test_message_of_a_leased_generation_waits_for_the_lease(office: Office) -> None:
    held = office.generation.claimed(time=now(), lease=timedelta(seconds=2))
    office.place.generations.claim(office.generation, held)
    assert await office.do(COMPLETES) == held
    assert office.messages() == (0, 1)
    message = await asyncio.to_thread(office.place.jobs.receive, Lane.PRIORITY, wait=10, visibility=30)
    done = await office.do(COMPLETES, message)
    assert (done.status, done.fence, done.attempts) == (Status.COMPLETED, 2, 2)


@pytest.mark.parametrize(("attempts", "status"), [(2, Status.COMPLETED), (3, Status.FAILED)])
async def test_generation_fails_after_too_many_lost_workers(
    office: Office, attempts: int, status: Status
) -> None:
    claimed = office.generation.claimed(time=now() - timedelta(minutes=1), lease=timedelta(seconds=10))
    lost = claimed.model_copy(update={"attempts": attempts})
    office.place.generations.claim(office.generation, lost)
    done = await office.do(COMPLETES)
    assert done.status is status
    assert done.error_code == (WORKER_LOST.code if status is Status.FAILED else None)
    assert office.messages() == (0, 0)
    assert office.quota()[2] == 0


@pytest.mark.parametrize(("seconds", "status"), [(3599, Status.COMPLETED), (3600, Status.FAILED)])
async def test_generation_fails_if_the_time_of_failed_crawls_was_used_up_while_it_waited(
    office: Office, seconds: int, status: Status
) -> None:
    website = with_website(office.place, office.user, timeout=3600)
    pending = started(office.place, office.user, website, timeout=3600)
    since = now() - timedelta(seconds=seconds)
    crawled = pending.claimed(time=since, lease=timedelta(days=1))
    office.place.generations.claim(pending, crawled)
    cancel_generation(office.place.services_at(since + timedelta(seconds=seconds)), crawled)
    done = await office.do(COMPLETES)
    assert done.status is status
    assert done.error_code == ("failed_crawl_limit" if status is Status.FAILED else None)
    assert office.messages() == (0, 0)
    assert office.quota()[2] == 0


@pytest.mark.parametrize(("lost", "status"), [(3000, Status.COMPLETED), (3600, Status.FAILED)])
async def test_attempts_of_an_hour_are_not_repeated(office: Office, lost: int, status: Status) -> None:
    claimed = office.generation.claimed(time=now() - timedelta(minutes=1), lease=timedelta(seconds=10))
    office.place.generations.claim(office.generation, claimed.model_copy(update={"lost_seconds": lost}))
    done = await office.do(COMPLETES)
    assert done.status is status
    assert done.error_code == ("failed_crawl_limit" if status is Status.FAILED else None)


@pytest.mark.parametrize(("lost", "status"), [(3000, Status.COMPLETED), (3590, Status.FAILED)])
async def test_attempts_of_other_generations_that_have_not_ended_count(
    office: Office, lost: int, status: Status
) -> None:
    place = office.place
    other = started(place, office.user, with_website(place, office.user, timeout=3600))
    for pending, seconds in ((other, lost), (office.generation, 290)):
        claimed = pending.claimed(time=now() - timedelta(seconds=seconds), lease=timedelta(days=1))
        place.generations.claim(pending, claimed)
        place.generations.hand_back(claimed.handed_back(failure=TIMED_OUT, ended_at=now()))
    done = await office.do(COMPLETES)
    assert (done.status, done.attempts) == (status, 2 if status is Status.COMPLETED else 1)
    assert done.error_code == ("failed_crawl_limit" if status is Status.FAILED else None)


async def test_transient_failures_are_retried(office: Office) -> None:
    place = office.place
    done = await office.do(
        "progress(1, 4); time.sleep(0.7); progress(3, 4, 1); time.sleep(0.7); completed()",
        generations=Flaky(place.generations, get=1, claim=1, heartbeat=2, finish=2),
        archives=Flaky(place.archives, store=2),
        jobs=Flaky(place.jobs, done=1),
    )
    assert done.status is Status.COMPLETED
    assert office.messages() == (0, 0)


async def test_a_queue_of_mails_that_is_down_fails_nothing(office: Office) -> None:
    done = await office.do(COMPLETES, mail_queue=Flaky(office.place.mail_queue, send=100))
    assert done.status is Status.COMPLETED
    assert len(due_of(office.place.outbox, now())) == 1


async def test_unreachable_table_beyond_the_lease_ends_the_attempt(office: Office) -> None:
    begun = time.monotonic()
    left = await office.do(
        "progress(1, 4); time.sleep(60)",
        generations=Flaky(office.place.generations, heartbeat=1000),
        lease=timedelta(seconds=3),
    )
    assert 2.5 < time.monotonic() - begun < 6
    assert (left.status, left.fence, left.pages_crawled) == (Status.PROCESSING, 1, 0)
    assert office.messages() == (0, 1)


async def test_failed_storing_is_retried_by_another_attempt(office: Office) -> None:
    asyncio.get_running_loop().call_later(1.5, office.stop.set)
    waiting = await office.do(COMPLETES, archives=Flaky(office.place.archives, store=1000))
    assert (waiting.status, waiting.attempts) == (Status.PENDING, 0)
    assert office.messages() == (1, 0)


async def test_unexpected_error_loses_no_generation(office: Office) -> None:
    class Broken:
        def store(self, *_: Any) -> None:
            raise RuntimeError("unforeseen")

    waiting = await office.do(COMPLETES, archives=Broken())
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.PENDING, 1, "internal_error")


async def test_progress_and_heartbeats_are_throttled(office: Office) -> None:
    beats: list[tuple[float, int, float]] = []
    jobs = HidingRecorded(office.place.jobs)

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.place.generations, name)

        def heartbeat(self, generation: Generation, *, lease_expires_at: Any, progress: Progress) -> None:
            left = (lease_expires_at - now()).total_seconds()
            beats.append((time.monotonic(), progress.pages_crawled, left))
            office.place.generations.heartbeat(
                generation, lease_expires_at=lease_expires_at, progress=progress
            )

    lease = timedelta(seconds=3)
    await office.do(
        """
        for page in range(30):
            progress(page, 30)
            time.sleep(0.05)
        time.sleep(2.4)
        completed()
        """,
        generations=Watched(),
        jobs=jobs,
        lease=lease,
    )
    times = [moment for moment, _, _ in beats[:-1]]  # the last one comes before the upload, at once
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.45
    assert max(gaps) <= 1.3
    pages = [crawled for _, crawled, _ in beats]
    assert pages == sorted(pages)
    assert 4 <= len(set(pages)) <= 6
    assert all(left > 2.5 for _, _, left in beats)
    assert len(jobs.hidden) >= 2
    assert set(jobs.hidden) == {visibility(lease)}
    assert visibility(lease) >= 4


async def test_progress_never_goes_backwards(office: Office) -> None:
    shown: list[tuple[int, int]] = []

    async def watch() -> None:
        while True:
            stored = await asyncio.to_thread(now_stored, office.place, office.generation)
            shown.append((stored.pages_crawled, stored.total_pages))

    watching = asyncio.create_task(watch())
    body = """
    for crawled, total in ((5, 9), (2, 7), (6, 4)):
        progress(crawled, total)
        time.sleep(0.7)
    failed("no_pages", False)
    """
    done = await office.do(body)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert shown == sorted(shown)
    assert (5, 9) in shown
    assert (done.pages_crawled, done.total_pages) == (6, 9)


async def test_a_lost_lease_is_noticed_before_anything_is_stored(office: Office) -> None:
    def take_over() -> Generation:
        stored = now_stored(office.place, office.generation)
        other = stored.model_copy(update={"fence": stored.fence + 1})
        office.place.generations.claim(stored, other)
        return other

    taken: list[Generation] = []

    class Watched:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            method: Callable[..., Any] = getattr(office.place.generations, name)

            def call(*args: Any, **named: Any) -> Any:
                answer = method(*args, **named)
                if name == "claim":
                    taken.append(take_over())
                return answer

            return call

    left = await office.do(COMPLETES, generations=Watched())
    assert left == taken[0]
    assert office.place.stored_keys() == []
    assert (office.messages(), office.mails()) == ((0, 1), 0)


async def test_the_key_of_an_archive_contains_the_fence(office: Office) -> None:
    once = office.generation.claimed(time=now() - timedelta(minutes=1), lease=timedelta(seconds=10))
    office.place.generations.claim(office.generation, once)
    done = await office.do(COMPLETES)
    assert office.place.stored_keys() == [archive_key(office.user.id, done.id, 2)]


async def _taken(place: Place, sent: dict[Lane, int], *, browser: bool) -> list[Lane]:
    """Send generations and return the order in which a worker receives them."""
    user = registered(place)
    for lane, count in sent.items():
        website = with_website(place, user, use_playwright=lane.endswith("browser"))
        queue = QueueName(lane.partition("_")[0])
        for _ in range(count):
            place.jobs.send(new_generation(user, website, queue=queue))
    intake = Intake(place.jobs, browser=browser, visibility=30, wait=0, pause=0)
    taken = []
    while message := await intake.next():
        taken.append(message.lane)
    return taken


async def test_three_of_the_priority_queue_for_one_of_the_standard_queue(place: Place) -> None:
    taken = await _taken(place, {Lane.PRIORITY: 7, Lane.STANDARD: 3}, browser=False)
    assert "".join(lane[0] for lane in taken) == "pppspppsps"


@pytest.mark.parametrize("lane", list(Lane))
async def test_all_messages_of_a_single_queue_are_taken(place: Place, lane: Lane) -> None:
    assert await _taken(place, {lane: 6}, browser=True) == [lane] * 6


async def test_a_worker_without_a_browser_receives_only_plain_generations(place: Place) -> None:
    assert await _taken(place, dict.fromkeys(Lane, 1), browser=False) == [Lane.PRIORITY, Lane.STANDARD]


async def test_three_that_need_a_browser_for_one_that_does_not(place: Place) -> None:
    taken = await _taken(place, {Lane.PRIORITY: 2, Lane.PRIORITY_BROWSER: 7}, browser=True)
    assert "".join("b" if lane is Lane.PRIORITY_BROWSER else "p" for lane in taken) == "bbbpbbbpb"


async def test_a_message_in_the_wrong_queue_is_moved(office: Office) -> None:
    """An earlier release sent generations that need a browser to a queue that every worker reads."""
    user = registered(office.place)
    generation = started(office.place, user, with_website(office.place, user, use_playwright=True))
    message = office.receive()._replace(user_id=user.id, generation_id=generation.id)
    await office.do(COMPLETES, message)
    assert now_stored(office.place, generation) == generation
    assert office.messages() == (0, 0)
    moved = office.place.jobs.receive(generation.lane, wait=0, visibility=30)
    assert moved is not None
    assert moved.generation_id == generation.id
