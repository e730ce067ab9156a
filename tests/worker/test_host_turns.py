"""Crawls of one host take turns with a lease, and waiting does not count towards their timeouts."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.adapters.dynamodb.host_leases import DynamoHostLeases
from llmready.domain.clock import now
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation, Status
from llmready.domain.website import CrawlSettings
from llmready.usecases.cancel_generation import cancel_generation
from llmready.worker.blocked_hosts import BlockedHosts
from llmready.worker.checkpoints import Checkpoints
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_order import Crawled, CrawlOrder
from llmready.worker.crawl_process import Limits
from llmready.worker.host_turns import HostTurns, TurnTimes, host_of
from llmready.worker.http_caches import HttpCaches
from llmready.worker.job import run_job
from llmready.worker.job_context import JobContext
from llmready.worker.supervisor import Supervisor
from testkit.emulator import Place
from testkit.people import registered, started, with_website
from testkit.serving import Answer, Site, links, page, serving
from testkit.worker_process import now_stored
from tests.worker.programs import crawler

TIMES = TurnTimes(lease=3, turn=0.8, interval=0.2, poll=0.1)
HOST = "docs.example.com"
DELAY = 0.25  # seconds
NAMES = [f"/p{number}" for number in range(20)]
PAGES: dict[str, Answer | str] = {
    "/": page("Home", links(*NAMES)),
    **{name: Answer(page(name, f"What {name} says. " * 9), delay=DELAY) for name in NAMES},
}


def context(place: Place, site: Site, work: Path) -> JobContext:
    work.mkdir()
    return JobContext(
        services=place.services,
        http_caches=HttpCaches(generations=place.generations, archives=place.archives),
        checkpoints=Checkpoints(place.archives),
        blocked_hosts=BlockedHosts(DynamoControls(place.table)),
        supervisor=Supervisor(Confinement(crawl_allow=site.address), limits=Limits(memory=600 << 20)),
        lease=timedelta(seconds=20),
        attempt_timeout=timedelta(seconds=60),
        retries=0,
        archive_mb=10,
        work=work,
        turn_times=TIMES,
    )


async def crawled(place: Place, site: Site, work: Path, *, seconds: int) -> Generation:
    user = registered(place)
    generation = started(place, user, with_website(place, user, site.url, timeout=seconds))
    place.jobs.send(generation)
    message = await asyncio.to_thread(place.jobs.receive, generation.lane, wait=2, visibility=60)
    assert message is not None
    message = message._replace(user_id=user.id, generation_id=generation.id)
    await run_job(message, context(place, site, work), asyncio.Event())
    return now_stored(place, generation)


async def test_crawls_of_one_host_send_requests_one_at_a_time(place: Place, tmp_path: Path) -> None:
    with serving(PAGES) as site:
        ended = await asyncio.gather(
            *(crawled(place, site, tmp_path / str(number), seconds=30) for number in range(3))
        )
    for generation in ended:
        assert (generation.status, generation.pages_crawled) == (Status.COMPLETED, 1 + len(NAMES))
    # One crawl has at most four simultaneous requests, and three crawls together have no more. A request takes at
    # least its delay.
    begun = [request.at for request in site.requests if request.path in NAMES]
    assert max(sum(other <= at < other + DELAY for other in begun) for at in begun) <= 4


async def test_waiting_for_the_host_does_not_count_towards_the_timeout(place: Place, tmp_path: Path) -> None:
    leases = DynamoHostLeases(place.table)
    with serving(PAGES) as site:
        host = host_of(site.url)
        assert leases.acquire(host, "another", time=now(), until=now() + timedelta(seconds=8))
        begun = now()
        ended = await crawled(place, site, tmp_path / "work", seconds=5)
        first = min(request.at for request in site.requests)
        assert first is not None
    assert ended.completed_at is not None
    assert (ended.completed_at - begun).total_seconds() > 8
    assert (ended.status, ended.pages_crawled) == (Status.COMPLETED, 1 + len(NAMES))
    assert ended.coverage is not None
    assert ended.coverage.truncated_by is None


async def test_a_crawl_gives_its_slot_up_if_its_host_stays_busy(place: Place, tmp_path: Path) -> None:
    leases = DynamoHostLeases(place.table)
    with serving(PAGES) as site:
        assert leases.acquire(host_of(site.url), "another", time=now(), until=now() + timedelta(minutes=5))
        # Without a limit, it would wait until the attempt's own timeout of a minute, and each second more.
        async with asyncio.timeout(30):
            ended = await crawled(place, site, tmp_path / "work", seconds=2)
        assert site.requests == []
    assert (ended.status, ended.error_code) == (Status.FAILED, "host_busy")
    assert ended.waited_seconds >= 4
    assert ended.duration_seconds is not None
    assert ended.lost_seconds <= max(0, int(ended.duration_seconds + 0.1) - ended.waited_seconds)


async def test_a_crawl_that_is_cancelled_while_it_waits_does_not_count_the_wait(
    place: Place, tmp_path: Path
) -> None:
    leases = DynamoHostLeases(place.table)
    with serving(PAGES) as site:
        assert leases.acquire(host_of(site.url), "another", time=now(), until=now() + timedelta(minutes=5))
        running = asyncio.create_task(crawled(place, site, tmp_path / "work", seconds=30))
        async with asyncio.timeout(40):
            # The worker stores it with a heartbeat.
            while not (waiting := [one for one in place.generations.running() if one.started_at]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            (one,) = waiting
            while (found := place.generations.get(one.user_id, one.id)) is None or not found.waited_seconds:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            cancelled = cancel_generation(place.services, found)
            await running
    assert cancelled.duration_seconds is not None
    assert cancelled.lost_seconds <= int(cancelled.duration_seconds + 0.1) - found.waited_seconds


async def test_the_last_requests_of_a_turn_count_as_crawl_time(place: Place) -> None:
    class Slow(Crawl):
        async def pause(self) -> None:
            await asyncio.sleep(0.6)
            await super().pause()

    held = DynamoHostLeases(place.table).acquire(HOST, "a", time=now(), until=now())
    assert held is not None
    leases, crawl = Leases(held, held._replace(is_wanted=True)), Slow()
    extended: list[float] = []
    waited: list[float] = []
    turns = HostTurns(
        leases, HOST, "a", is_paid=True, clock=now, extend=extended.append, waited=waited.append, times=TIMES
    )
    running = asyncio.create_task(turns.run(crawl))
    async with asyncio.timeout(20):
        while crawl.told != ["run", "wait", "run"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait({running})
    # They do not count towards the timeout either.
    assert sum(extended) - sum(waited) >= 0.6


def test_a_released_lease_is_free_for_a_worker_whose_clock_is_behind(place: Place) -> None:
    leases = DynamoHostLeases(place.table)
    ahead, behind = now() + timedelta(minutes=2), now() - timedelta(minutes=2)
    assert leases.acquire(HOST, "a", time=ahead, until=ahead + timedelta(seconds=30))
    leases.release(HOST, "a")
    assert leases.acquire(HOST, "b", time=behind, until=behind + timedelta(seconds=30))


def test_one_crawl_has_the_lease_until_it_ends(place: Place) -> None:
    leases = DynamoHostLeases(place.table)
    time = now()
    until = time + timedelta(seconds=30)
    taken = leases.acquire(HOST, "a", time=time, until=until)
    assert taken is not None
    assert not taken.is_wanted
    assert leases.acquire("other.example.com", "b", time=time, until=until)
    assert leases.acquire(HOST, "b", time=time, until=until) is None
    kept = leases.acquire(HOST, "a", time=time + timedelta(seconds=1), until=until)
    assert kept is not None
    assert kept.is_wanted
    leases.release(HOST, "b")  # is not its lease
    assert leases.acquire(HOST, "b", time=time, until=until) is None
    leases.release(HOST, "a")
    given = leases.acquire(HOST, "b", time=time, until=until)
    assert given is not None
    assert not given.is_wanted  # it was the one that waited
    # A crashed crawl blocks the host only until its lease ends.
    assert leases.acquire(HOST, "a", time=until + timedelta(milliseconds=1), until=until) is not None


def test_a_crawl_that_stopped_polling_is_no_longer_waiting(place: Place) -> None:
    leases = DynamoHostLeases(place.table)
    time = now()
    until = time + timedelta(seconds=60)
    leases.acquire(HOST, "a", time=time, until=until)
    leases.acquire(HOST, "b", time=time, until=until)
    kept = leases.acquire(HOST, "a", time=time + timedelta(seconds=20), until=until)
    assert kept is not None
    assert not kept.is_wanted


class Host:
    """A host whose crawls try to take turns, in the order that is the worst for paid plans."""

    def __init__(self, place: Place) -> None:
        self.leases = DynamoHostLeases(place.table)
        self.time = now()

    def takes(self, holder: str) -> bool:
        """Let a crawl try to take or keep the lease. The names of crawls of paid plans start with ``paid``."""
        until = self.time + timedelta(seconds=30)
        paid = holder.startswith("paid")
        taken = self.leases.acquire(HOST, holder, is_paid=paid, time=self.time, until=until)
        return taken is not None

    def pauses(self, holder: str) -> None:
        """Let a crawl end its turn, and wait for the next one."""
        waits = self.time if holder.startswith("paid") else None
        self.leases.release(HOST, holder, paid_waits_from=waits)

    def turns(self, number: int, crawls: list[str]) -> list[str]:
        """Let crawls that all wait take turns. Return who had them."""
        had: list[str] = []
        for _ in range(number):
            holder = None
            while holder is None:
                holder = next(
                    (crawl for crawl in crawls if crawl not in had[-1:] and self.takes(crawl)), None
                )
                self.time += timedelta(seconds=1)
            had.append(holder)
            for _ in range(3):
                self.time += timedelta(seconds=5)
                for crawl in crawls:
                    assert self.takes(crawl) is (crawl == holder)
            self.pauses(holder)
        return had


def test_a_waiting_crawl_of_a_paid_plan_gets_every_second_turn(place: Place) -> None:
    free = [f"free{number}" for number in range(6)]
    had = Host(place).turns(9, [*free, "paid"])
    assert [holder == "paid" for holder in had] == [False, True] * 4 + [False]


def test_crawls_of_the_free_plan_get_at_most_half_of_the_turns_between_several_paid_ones(
    place: Place,
) -> None:
    had = Host(place).turns(12, ["free0", "free1", "paid0", "paid1", "paid2"])
    free = [holder.startswith("free") for holder in had]
    assert not any(both == (True, True) for both in pairwise(free))
    assert any(free)


def test_short_turns_of_free_crawls_do_not_follow_each_other_while_a_paid_crawl_pauses(place: Place) -> None:
    host = Host(place)
    assert host.takes("paid")
    host.pauses("paid")
    assert host.takes("free0")
    host.leases.release(HOST, "free0")
    assert not host.takes("free1")
    assert not host.takes("free0")
    assert host.takes("paid")


def test_a_paid_crawl_that_vanished_delays_the_others_for_seconds_only(place: Place) -> None:
    host = Host(place)
    assert host.takes("free0")
    assert not host.takes("paid")
    host.leases.release(HOST, "free0")
    assert not host.takes("free1")
    host.time += timedelta(seconds=11)
    assert host.takes("free1")


def test_without_paid_crawls_a_free_one_keeps_its_turn_and_the_next_one_is_free(place: Place) -> None:
    host = Host(place)
    assert host.turns(3, ["free0", "free1"]) == ["free0", "free1", "free0"]


async def test_a_paid_generation_gets_every_second_turn_of_its_host(place: Place, tmp_path: Path) -> None:
    had: list[str] = []

    class Recorded:
        def __getattr__(self, name: str) -> Any:
            return getattr(place.services.host_leases, name)

        def acquire(self, host: str, holder: str, **named: Any) -> Any:
            turn = place.services.host_leases.acquire(host, holder, **named)
            if turn is not None and had[-1:] != [holder]:
                had.append(holder)
            return turn

    supervisor = Supervisor(
        Confinement(),
        limits=Limits(memory=200 << 20),
        command=crawler(
            """
            turns = 0
            for command in sys.stdin:
                turns += command == "run\\n"
                if turns == 4 and url.endswith("paid"):
                    completed()
                    break
                if command == "wait\\n":
                    say("waiting")
            """
        ),
    )
    stop = asyncio.Event()

    async def run(name: str) -> Generation:
        user = registered(place)
        website = with_website(place, user, f"https://{HOST}/{name}", timeout=300)
        generation = started(place, user, website, paid=name == "paid")
        place.jobs.send(generation)
        message = await asyncio.to_thread(place.jobs.receive, generation.lane, wait=2, visibility=60)
        assert message is not None
        message = message._replace(user_id=user.id, generation_id=generation.id)
        with serving({}) as site:
            job = context(place, site, tmp_path / name)
        services = replace(place.services, host_leases=Recorded())
        await run_job(message, replace(job, services=services, supervisor=supervisor), stop)
        return now_stored(place, generation)

    free = [asyncio.create_task(run(f"free{number}")) for number in range(4)]
    async with asyncio.timeout(120):
        while len(set(had)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        paid = await run("paid")
    stop.set()
    await asyncio.wait(free)
    assert paid.status is Status.COMPLETED
    first = had.index(paid.id)
    during = had[first : len(had) - had[::-1].index(paid.id)]
    assert all(paid.id in both for both in pairwise(during))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/docs", "example.com"),
        ("http://www.example.com:80/", "example.com"),
        ("https://EXAMPLE.com:443", "example.com"),
        ("https://docs.example.com/", "docs.example.com"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
    ],
)
def test_the_host_of_a_website(url: str, host: str) -> None:
    assert host_of(url) == host


class Crawl:
    """Records when it may send requests."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def when_moved(self, call: Any) -> None:
        """The site never redirects to another host."""

    def resume(self) -> None:
        self.told.append("run")

    async def pause(self) -> None:
        self.told.append("wait")


class Leases:
    """Leases with predefined answers."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.released = 0

    def acquire(self, *_: Any, **__: Any) -> Any:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def release(self, *_: Any, **__: Any) -> None:
        self.released += 1


async def test_a_crawl_waits_while_its_lease_can_be_neither_extended_nor_read(place: Place) -> None:
    held = DynamoHostLeases(place.table).acquire(HOST, "a", time=now(), until=now())
    leases, crawl = Leases(held, TryAgain()), Crawl()
    times = replace(TIMES, lease=0.8)
    waited: list[float] = []
    turns = HostTurns(
        leases, HOST, "a", is_paid=True, clock=now, extend=lambda _: None, waited=waited.append, times=times
    )
    running = asyncio.create_task(turns.run(crawl))
    await asyncio.sleep(1.5)
    assert crawl.told == ["run", "wait"]
    assert sum(waited) > 0.3
    running.cancel()
    await asyncio.wait({running})
    assert leases.released >= 1


async def test_a_site_on_another_host_waits_for_the_crawls_of_that_host(place: Place, tmp_path: Path) -> None:
    """Somebody whose site has many subdomains that redirect to it cannot let many crawls read it at once."""
    leases, told, crawled_from = DynamoHostLeases(place.table), tmp_path / "told", "many.docs.example.com"
    supervisor = Supervisor(
        Confinement(),
        limits=Limits(memory=200 << 20),
        command=crawler(
            f"""
            for command in sys.stdin:
                with open({str(told)!r}, "a") as file:
                    file.write(command)
                if command == "wait\\n":
                    say("waiting")
                elif "wait" not in open({str(told)!r}).read():
                    say("moved", url="http://{HOST}:80/")
                    say("moved", url="http://another.example.com/")
                else:
                    completed()
            """
        ),
    )

    def free(host: str) -> bool:
        time = now()
        taken = leases.acquire(host, "third", time=time, until=time)
        return taken is not None

    async def take_turns(crawl: Any) -> None:
        turns = HostTurns(
            leases,
            crawled_from,
            "a",
            is_paid=True,
            clock=now,
            extend=crawl.extend,
            waited=lambda _: None,
            times=replace(TIMES, lease=30),
        )
        await turns.run(crawl)

    assert leases.acquire(HOST, "another", time=now(), until=now() + timedelta(minutes=5))
    order = CrawlOrder(f"https://{crawled_from}/", CrawlSettings(), 30)
    crawling = asyncio.create_task(
        supervisor.crawl(order, tmp_path, report=lambda _: None, stop=asyncio.Event(), take_turns=take_turns)
    )
    async with asyncio.timeout(20):
        # Another process writes the file.
        while not told.exists() or told.read_text() != "run\nwait\n" or not free(crawled_from):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert not crawling.done()
        leases.release(HOST, "another")
        assert isinstance(await crawling, Crawled)
    assert told.read_text() == "run\nwait\nrun\n"
    assert free(HOST)
