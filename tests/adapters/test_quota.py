"""The ledger never exceeds its limit, and ``taken`` is always ``used`` + ``reserved``."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.errors import Conflict, DomainError, Forbidden, LeaseLost
from llmready.domain.generation import Failure, Generation, Progress, Status
from llmready.domain.quota import QuotaUse
from llmready.ports.limits import OpenLedger
from testkit.emulator import Place
from testkit.people import LEASE, claimed, new_generation, registered, started, with_website

ARCHIVE = Archive(key="k", file_size=1, total_files=1, sha256="0" * 64, content_bytes=1)
FAILURE = Failure(code="no_pages", message="Nothing.")
LIMIT = 4


class Life:
    """A user with three websites, and random sequences of operations on their generations."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.user = registered(place)
        self.websites = [with_website(place, self.user) for _ in range(3)]
        self.known: list[Generation] = []
        self.month = new_generation(self.user, self.websites[0]).month

    def act(self, name: str, which: int) -> None:
        """Perform one operation on a generation in the version that was read last, which may be outdated."""
        if name == "start":
            generation = new_generation(self.user, self.websites[which % 3])
            with suppress(Forbidden, Conflict):
                self.place.generations.start(generation, quota_limit=LIMIT)
                self.known.append(generation)
        elif self.known:
            steps: dict[str, Callable[[Generation], Generation]] = {
                "claim": self._claim,
                "hand back": self._hand_back,
                "complete": self._complete,
                "fail": self._fail,
            }
            generation = self.known[which % len(self.known)]
            with suppress(LeaseLost, Conflict):
                self.known.append(steps[name](generation))

    def _claim(self, generation: Generation) -> Generation:
        new = generation.claimed(time=now() + timedelta(hours=len(self.known)), lease=LEASE)
        self.place.generations.claim(generation, new)
        return new

    def _hand_back(self, generation: Generation) -> Generation:
        new = generation.handed_back(failure=FAILURE)
        self.place.generations.hand_back(new)
        return new

    def _complete(self, generation: Generation) -> Generation:
        new = generation.completed(time=now(), archive=ARCHIVE, progress=Progress(pages_crawled=1))
        self.place.generations.finish(new, None, was=Status.PROCESSING)
        return new

    def _fail(self, generation: Generation) -> Generation:
        new = generation.failed(time=now(), failure=FAILURE)
        self.place.generations.finish(new, None, was=generation.status)
        return new

    def check(self) -> None:
        ledger = self.place.quotas.get(self.user.id, self.month)
        stored = self.place.generations.history(self.user.id, limit=100).items
        running = [generation for generation in stored if not generation.status.is_final]
        ended = Counter(generation.status for generation in stored)
        assert ledger.taken == ledger.used + ledger.reserved <= LIMIT
        assert ledger.reserved == len(running)
        assert ledger.used == ended[Status.COMPLETED]
        user = self.place.users.get(self.user.id)
        assert user is not None
        assert user.running_count == len(running)
        assert user.listed_total == len(stored)
        assert (user.completed_count, user.failed_count) == (ended[Status.COMPLETED], ended[Status.FAILED])
        for website in self.websites:
            now_stored = self.place.websites.get_for_user(self.user.id, website.id)[1]
            assert now_stored is not None
            holders = [found.id for found in running if found.website_id == website.id]
            expected: list[str] | list[None] = holders or [None]
            assert [now_stored.active_generation_id] == expected


ACTIONS = st.tuples(
    st.sampled_from(["start", "start", "claim", "claim", "hand back", "complete", "fail"]), st.integers(0, 30)
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(st.lists(ACTIONS, min_size=5, max_size=25))
def test_ledger_balances_in_every_sequence(place: Place, actions: list[tuple[str, int]]) -> None:
    life = Life(place)
    for name, which in actions:
        life.act(name, which)
    life.check()


def test_both_emulators_give_the_same_results(either: Place) -> None:
    life = Life(either)
    for name, which in (
        *(("start", n) for n in (0, 1, 2, 0)),
        *(("claim", n) for n in (0, 1, 2)),
        ("complete", 3),
        ("fail", 4),
        ("hand back", 5),
        *(("start", n) for n in (0, 1)),
        *((step, n) for step in ("claim", "complete", "fail", "hand back") for n in range(8)),
        *(("start", n) for n in (0, 1, 2)),
    ):
        life.act(name, which)
        life.check()


def test_simultaneous_starts_do_not_exceed_the_quota(place: Place) -> None:
    user = registered(place)
    for _ in range(20):
        started(place, user, with_website(place, user))
    with ThreadPoolExecutor(32) as pool:
        websites = list(pool.map(lambda _: with_website(place, user), range(200)))
        codes = Counter(pool.map(lambda website: _start(place, new_generation(user, website)), websites))
    assert codes == {"started": 5, "quota_exceeded": 195}
    ledger = place.quotas.get(user.id, new_generation(user, websites[0]).month)
    assert (ledger.taken, ledger.reserved, ledger.used) == (25, 25, 0)
    assert len(list(place.generations.active())) == 25


def test_simultaneous_starts_of_a_website_start_one_generation(place: Place) -> None:
    user = registered(place)
    website = with_website(place, user)
    with ThreadPoolExecutor(32) as pool:
        codes = Counter(pool.map(lambda _: _start(place, new_generation(user, website)), range(64)))
    assert codes == {"started": 1, "generation_in_progress": 63}


def test_one_of_many_workers_claims_and_ends_a_generation(place: Place) -> None:
    user = registered(place)
    generation = started(place, user, with_website(place, user))
    with ThreadPoolExecutor(16) as pool:
        claims = list(pool.map(lambda _: _won(lambda: claimed(place, generation)), range(32)))
        assert claims.count(True) == 1
        held = place.generations.get(user.id, generation.id)
        assert held is not None
        ended = held.completed(time=now(), archive=ARCHIVE, progress=Progress())
        ends = list(
            pool.map(
                lambda _: _won(lambda: place.generations.finish(ended, None, was=Status.PROCESSING)),
                range(32),
            )
        )
    assert ends.count(True) == 1
    assert place.quotas.get(user.id, generation.month) == QuotaUse(month=generation.month, taken=1, used=1)


def test_a_month_without_generations_has_an_empty_ledger(either: Place) -> None:
    user = registered(either)
    started(either, user, with_website(either, user))
    for ledger in (None, "fingerprint"):
        assert either.quotas.get(user.id, "2001-01", ledger) == QuotaUse(month="2001-01")


@pytest.mark.parametrize("ledger", [None, "fingerprint"], ids=["of a user", "of an address"])
def test_a_ledger_is_closed_when_no_generation_is_running(either: Place, ledger: str | None) -> None:
    user = registered(either)
    generation = started(either, user, with_website(either, user), quota_ledger=ledger)
    other = registered(either)
    started(either, other, with_website(either, other), month="2001-01")
    month = generation.month
    (open_ledger,) = either.quotas.of_month(month)
    assert open_ledger == OpenLedger(user.id, QuotaUse(month=month, taken=1, reserved=1), ledger)
    either.quotas.close(open_ledger, now())
    assert len(list(either.quotas.of_month(month))) == 1
    held = claimed(either, generation)
    either.generations.finish(held.failed(time=now(), failure=FAILURE), None, was=Status.PROCESSING)
    either.quotas.close(open_ledger, now())
    either.quotas.close(open_ledger, now())
    assert list(either.quotas.of_month(month)) == []
    assert either.quotas.get(user.id, month, ledger) == QuotaUse(month=month)
    assert [found.user_id for found in either.quotas.of_month("2001-01")] == [other.id]


def test_a_released_ledger_keeps_only_this_months_number(either: Place) -> None:
    user = registered(either)
    generation = started(either, user, with_website(either, user), quota_ledger="fingerprint")
    started(either, user, with_website(either, user), quota_ledger="fingerprint", month="2001-01")
    either.quotas.release("fingerprint", now())
    either.quotas.release("unknown", now())
    assert either.quotas.of_ledger("fingerprint") == [QuotaUse(month=generation.month, taken=1, reserved=1)]
    assert list(either.quotas.of_month(generation.month)) == []
    held = claimed(either, generation)
    either.generations.finish(held.failed(time=now(), failure=FAILURE), None, was=Status.PROCESSING)
    assert either.quotas.of_ledger("fingerprint") == [QuotaUse(month=generation.month)]


def _start(place: Place, generation: Generation) -> str:
    try:
        place.generations.start(generation, quota_limit=25)
    except DomainError as refused:
        return refused.code
    return "started"


def _won(call: Callable[[], object]) -> bool:
    try:
        call()
    except LeaseLost:
        return False
    return True
