"""A fault at every AWS call of start, claim, heartbeat, upload, finish and notify.

Afterwards, no further calls fail.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.domain.clock import now
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import archive_key
from llmready.domain.mail import Message, OutboxMail
from llmready.domain.plans import Lane
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.usecases.send_mail import send_mail
from llmready.worker.blocked_hosts import BlockedHosts
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_process import Limits
from llmready.worker.http_caches import HttpCaches
from llmready.worker.job import run_job
from llmready.worker.job_context import JobContext
from llmready.worker.supervisor import Supervisor
from testkit.books import check_books
from testkit.dispatching import dispatched
from testkit.due_work import due_of
from testkit.emulator import Emulator, Place
from testkit.people import registered, with_website
from tests.chaos.faults import Fault, Faults
from tests.chaos.test_starts import start
from tests.worker.programs import crawler

LEASE = timedelta(seconds=3)
ERRORS = (Fault.CUT, Fault.LOST, Fault.LOST_ONCE, Fault.THROTTLED)
SITE = "progress(1, 4); time.sleep(0.7); progress(3, 4, 1); completed()"


class Provider:
    """A mail provider that accepts mails."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def send(self, _message: Message, *, mail_id: str) -> None:
        self.taken[mail_id] += 1


class World:
    """All programs that work on one user's generation, run in this process; each step can fail."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.provider = Provider()
        self.user: User = registered(place)
        self.website: Website = with_website(place, self.user)
        self._context = JobContext(
            services=place.services,
            http_caches=HttpCaches(generations=place.generations, archives=place.archives),
            checkpoints=Checkpoints(place.archives),
            blocked_hosts=BlockedHosts(DynamoControls(place.table), seconds=60),
            supervisor=Supervisor(
                Confinement(),
                limits=Limits(memory=300 << 20, interval=0.2, stopping=1),
                command=crawler(SITE),
            ),
            lease=LEASE,
            attempt_timeout=timedelta(seconds=60),
            retries=2,
            archive_mb=1,
            work=folder,
        )

    def start(self) -> str:
        return start(self.place, self.user, self.website.id, "the key")

    def work(self) -> bool:
        """Run one job, if a message is available."""
        for lane in (Lane.PRIORITY, Lane.STANDARD):
            try:
                message = self.place.jobs.receive(lane, wait=0, visibility=6)
            except TryAgain:
                continue
            if message is not None:
                asyncio.run(run_job(message, self._context, asyncio.Event()))
                return True
        return False

    def sweep(self, time: datetime | None = None) -> None:
        """Run one round of the dispatcher."""
        dispatched(self.place, time or now())

    def notify(self, time: datetime | None = None) -> None:
        """Send the mails that are due."""
        time = time or now()
        services = replace(self.place.services_at(time), render=_render, mailer=self.provider)
        for mail in due_of(self.place.outbox, time):
            if mail.user_id == self.user.id:
                send_mail(services, mail.user_id, mail.id)

    def stored(self) -> list[Generation]:
        return check_books(self.place, self.user.id)

    def settle(self) -> Generation:
        """Run all programs until the generation has ended, and assert that the stored items are consistent."""
        generation = None
        for _ in range(12):
            if generation is None:
                self.start()
            (generation,) = self.stored()
            if generation.status.is_final:
                break
            if not self.work():
                _pass_time(self.place, generation)
                self.sweep(now() + timedelta(minutes=1))
        assert generation is not None
        assert generation.status.is_final, generation
        assert self.start() == generation.id, "the same key is the same start"
        self.work()
        for minutes in (0, 1, 5):
            self.notify(now() + timedelta(minutes=minutes))
        assert [generation] == self.stored()
        return generation

    def check(self, generation: Generation, *, crashed: bool) -> None:
        archives = [key for key in self.place.stored_keys() if generation.id in key and key.endswith(".zip")]
        if generation.status is Status.COMPLETED:
            assert generation.archive is not None
            assert generation.archive.key in archives
            assert generation.archive.key == archive_key(self.user.id, generation.id, generation.fence)
        assert len(self.provider.taken) == 1, "each end is told"
        assert max(self.provider.taken.values()) <= (2 if crashed else 1), "and told once"


def _render(mail: OutboxMail, user: User, _generation: Generation | None) -> Message:
    return Message(kind=mail.kind, to=user.email, subject=mail.kind, text="", html="")


def _pass_time(place: Place, generation: Generation) -> None:
    """Move the clock past the end of a lease that nobody extends."""
    if generation.status is Status.PROCESSING:
        past = generation.model_copy(update={"lease_expires_at": now() - timedelta(seconds=1)})
        place.generations.claim(generation, past)


@contextmanager
def faults_at(place: Place, faults: Faults) -> Iterator[None]:
    clients = (place.dynamodb, place.sqs, place.s3)
    for client in clients:
        faults.watch(client)
    try:
        yield
    finally:
        for client in clients:
            faults.leave(client)


def one_life(world: World) -> None:
    """Start, work and notify, until a fault ends it."""
    for step in (world.start, world.work, world.notify):
        try:
            step()
        except TryAgain:
            continue


def _calls(emulator: Emulator, folder: Path) -> list[str]:
    """Return the calls of a generation without faults."""
    place = emulator.place()
    _ = (place.queue_urls, place.mail_queue_url, place.s3)
    world = World(place, folder)
    faults = Faults(lambda *_: None)
    with faults_at(place, faults):
        one_life(world)
    generation = world.settle()
    assert generation.status is Status.COMPLETED
    world.check(generation, crashed=False)
    return faults.calls


def _live_with(emulator: Emulator, folder: Path, number: int, fault: Fault) -> str:
    place = emulator.place()
    _ = (place.queue_urls, place.mail_queue_url, place.s3)
    world = World(place, folder)
    faults = Faults(lambda _name, at: fault if at == number else None)
    with faults_at(place, faults):
        one_life(world)
    generation = world.settle()
    world.check(generation, crashed=fault in (Fault.LOST, Fault.LOST_ONCE))
    return faults.calls[number] if number < len(faults.calls) else "none"


def test_a_fault_at_any_call_loses_and_duplicates_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """The short version: the first call of each kind that writes. `make chaos` tests all calls."""
    calls = _calls(emulator, tmp_path)
    kinds = ["TransactWriteItems", "SendMessage", "PutItem", "PutObject", "DeleteMessage"]
    for kind in kinds:
        _live_with(emulator, tmp_path, calls.index(kind), Fault.LOST)
    # The last transaction is the one that ends the generation.
    end = len(calls) - 1 - calls[::-1].index("TransactWriteItems")
    _live_with(emulator, tmp_path, end, Fault.CUT)


@pytest.mark.chaos
def test_every_fault_at_every_call(
    emulator: Emulator, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    calls = _calls(emulator, tmp_path)
    met: Counter[str] = Counter()
    for _round in range(-(-300 // (len(calls) * len(ERRORS)))):
        for number, fault in itertools.product(range(len(calls)), ERRORS):
            met[_live_with(emulator, tmp_path, number, fault)] += 1
    runs = sum(met.values())
    record_property(
        "figure", f"faults x calls: {runs} runs at {len(calls)} calls; 0 lost, 0 double, 0 unbalanced"
    )
    assert runs >= 300
