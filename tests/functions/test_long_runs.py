"""A quota reset and a cleanup that take longer than a function may run, so that the next run must continue."""

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import pytest

from functions.cleanup import handler as cleanup
from functions.quota_reset import handler as quota_reset
from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.generation import Failure, Progress
from llmready.domain.generation_files import archive_key
from llmready.domain.mail import MailPreferences
from llmready.domain.quota import QuotaUse, month_of
from llmready.domain.user import User
from llmready.ports.limits import OpenLedger
from llmready.usecases.end_generation import complete_generation, fail_generation
from llmready.usecases.settle_quotas import settle_quotas
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.items import open_ledgers
from testkit.partial_services import services_with
from testkit.people import claimed, new_user, registered, started, with_website
from testkit.service import use

USERS = 7


class Watch:
    """A clock that advances by one second at each call."""

    def __init__(self) -> None:
        self._time = now()

    def __call__(self) -> datetime:
        self._time += timedelta(seconds=1)
        return self._time


def _context(seconds: int) -> Any:
    return SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        aws_request_id="a",
        get_remaining_time_in_millis=lambda: seconds * 1000,
    )


def _completed(place: Place, user: User, time: datetime, **fields: Any) -> None:
    """Store a generation with files."""
    generation = claimed(place, started(place, user, with_website(place, user), **fields))
    key = archive_key(user.id, generation.id, generation.fence)
    place.archives.put(key, b"zip")
    complete_generation(
        place.services_at(time),
        generation,
        archive=Archive(key=key, file_size=3, total_files=4, sha256="0" * 64, content_bytes=1),
        progress=Progress(pages_crawled=1, total_pages=1),
    )


def test_interrupted_reset_continues(calls: list[str], place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    last_month = month_of(now().replace(day=1) - timedelta(days=1))
    people = [registered(place, mail_preferences=MailPreferences(quota_reset=True)) for _ in range(USERS)]
    for user in people:
        _completed(place, user, now(), month=last_month)
    use(monkeypatch, clock=Watch())
    runs = [quota_reset.handler({}, _context(14)) for _ in range(USERS)]  # ten seconds are to spare
    assert {run["all_seen"] for run in runs} == {False, True}
    assert sum(run["closed"] for run in runs) == USERS
    assert 0 < max(run["closed"] for run in runs) < USERS
    assert quota_reset.handler({}, _context(60)) == {"closed": 0, "still_running": 0, "all_seen": True}
    assert list(place.quotas.of_month(last_month)) == []
    assert all(place.quotas.get(user.id, last_month).used == 1 for user in people)
    told = Counter(
        mail.user_id for mail in due_of(place.outbox, now() + timedelta(days=1)) if mail.kind == "quota_reset"
    )
    assert told == {user.id: 1 for user in people}
    assert "Scan" not in calls


@pytest.mark.usefixtures("calls")
def test_generation_that_ends_after_its_month_counts_in_its_month(place: Place) -> None:
    this_month = month_of(now())
    last_month = month_of(now().replace(day=1) - timedelta(days=1))
    user = registered(place)
    website = with_website(place, user)
    running = claimed(place, started(place, user, website, month=last_month))
    # The reset comes while it runs, and leaves its ledger open.
    assert quota_reset.handler({}, _context(60)) == {"closed": 0, "still_running": 1, "all_seen": True}
    fail_generation(
        place.services,
        running,
        Failure(code="dns_failure", message="The website's name is not known."),
    )
    assert place.quotas.get(user.id, last_month).taken == 0
    started(place, user, website)
    assert quota_reset.handler({}, _context(60)) == {"closed": 1, "still_running": 0, "all_seen": True}
    assert (place.quotas.get(user.id, this_month).taken, place.quotas.get(user.id, last_month).taken) == (
        1,
        0,
    )


def test_interrupted_cleanup_continues(
    calls: list[str], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = registered(place)
    for _ in range(USERS):
        _completed(place, user, now() - timedelta(days=366))
    use(monkeypatch, clock=Watch())
    before = len([key for key in place.stored_keys() if key.endswith(".zip")])
    runs = [cleanup.handler({}, _context(16))["expired"] for _ in range(USERS)]
    assert before == sum(runs) == USERS
    assert 0 < max(runs) < USERS
    assert runs[-1] == 0
    assert not [key for key in place.stored_keys() if key.endswith(".zip")]
    assert "Scan" not in calls


@pytest.mark.chaos
def test_the_reset_of_a_long_table(
    calls: list[str], place: Place, record_property: Callable[[str, object], None]
) -> None:
    """Runs of ten seconds, each of which continues where the last one ended, until all ledgers are closed."""
    last_month = month_of(now().replace(day=1) - timedelta(days=1))
    open_ledgers(place, last_month, count := 10_000)
    runs: list[dict[str, Any]] = []
    began = perf_counter()
    while not runs or not runs[-1]["all_seen"]:
        runs.append(quota_reset.handler({}, _context(20)))  # ten seconds are to spare
        assert len(runs) < 100
    seconds = perf_counter() - began
    assert sum(run["closed"] for run in runs) == count
    assert len(runs) > 1
    assert list(place.quotas.of_month(last_month)) == []
    assert "Scan" not in calls
    assert calls.count("Query") <= 4 * len(runs)  # three months, and a page that follows
    record_property(
        "figure",
        f"the reset of {count:,} users in a table: {len(runs)} runs, {count / seconds:.0f} users a second",
    )


class Million:
    """The ledgers of very many users, generated one by one, and a record of the operations on them."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.closed = 0

    def of_month(self, _month: str) -> Iterator[OpenLedger]:
        while self.left:
            yield OpenLedger("user", QuotaUse(month="2001-01", taken=1, used=1), "fingerprint")

    def close(self, *_: object) -> None:
        self.left -= 1
        self.closed += 1

    def get(self, _user_id: str) -> User:
        return USER


USER = new_user()


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.chaos)])
def test_memory_does_not_grow_with_the_users(
    count: int, record_property: Callable[[str, object], None]
) -> None:
    ledgers = Million(count)
    time = now()
    services = services_with(quotas=ledgers, users=ledgers, outbox=ledgers, clock=lambda: time)
    tracemalloc.start()
    began = perf_counter()
    settled = settle_quotas(services, until=time + timedelta(hours=1))
    seconds = perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (settled.closed, ledgers.closed) == (count, count)
    assert peak < 1_000_000
    record_property(
        "figure", f"the reset of {count:,} users without AWS: {seconds:.0f} s, {peak / 1000:.0f} kB at most"
    )
