from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from llmready.adapters.dynamodb.limits import LOCKOUT_FAILURES, LOCKOUT_WINDOW, DynamoMutex
from llmready.domain.clock import now
from tests.emulator import Place

TIME = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(place: Place, key: str = "somebody", *, per_minute: int = 10, time: datetime = TIME) -> int:
    return place.limiter.take("starts", key, per_minute=per_minute, time=time)


@pytest.mark.parametrize("per_minute", [1, 7, 10, 60])
def test_so_many_a_minute_and_no_more(either: Place, per_minute: int) -> None:
    answers = [take(either, per_minute=per_minute) for _ in range(per_minute + 3)]
    assert answers[:per_minute] == [0] * per_minute
    assert all(answer > 0 for answer in answers[per_minute:])


def test_the_wait_it_names_is_long_enough_and_not_longer(either: Place) -> None:
    for _ in range(10):
        assert take(either) == 0
    wait = take(either)
    assert wait == 6
    assert take(either, time=TIME + timedelta(seconds=wait - 1)) > 0
    assert take(either, time=TIME + timedelta(seconds=wait)) == 0
    assert take(either, time=TIME + timedelta(seconds=wait)) > 0


def test_a_rest_fills_the_bucket_and_no_further(either: Place) -> None:
    for _ in range(10):
        take(either)
    later = TIME + timedelta(hours=1)
    assert [take(either, time=later) for _ in range(11)].count(0) == 10


def test_limits_know_their_subjects_apart(either: Place) -> None:
    for _ in range(10):
        take(either)
    assert take(either, "another") == 0
    assert either.limiter.take("logins", "somebody", per_minute=10, time=TIME) == 0


def test_a_burst_passes_no_limit(place: Place) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: take(place, per_minute=20), range(80)))
    assert answers.count(0) == 20
    assert all(0 < answer <= 60 for answer in answers if answer)


def test_failures_lock_for_a_while(either: Place) -> None:
    lockout = either.lockout
    for _ in range(LOCKOUT_FAILURES):
        assert lockout.locked_for("somebody", TIME) == 0
        lockout.failed("somebody", TIME)
    assert lockout.locked_for("somebody", TIME) == LOCKOUT_WINDOW.total_seconds()
    assert lockout.locked_for("somebody", TIME + 5 * MINUTE) == 600
    assert lockout.locked_for("another", TIME) == 0
    after = TIME + LOCKOUT_WINDOW
    assert lockout.locked_for("somebody", after) == 0
    lockout.failed("somebody", after)
    assert lockout.locked_for("somebody", after) == 0


def test_a_good_login_clears_the_failures(either: Place) -> None:
    lockout = either.lockout
    for _ in range(LOCKOUT_FAILURES):
        lockout.failed("somebody", TIME)
    lockout.cleared("somebody")
    lockout.cleared("nobody")
    assert lockout.locked_for("somebody", TIME) == 0
    lockout.failed("somebody", TIME)
    assert lockout.locked_for("somebody", TIME) == 0


def test_one_holds_the_mutex_and_learns_who_waited(either: Place) -> None:
    first, second = DynamoMutex(either.table), DynamoMutex(either.table)
    assert first.acquire("m", time=TIME, until=TIME + MINUTE)
    assert first.acquire("other", time=TIME, until=TIME + MINUTE)
    assert not second.acquire("m", time=TIME, until=TIME + MINUTE)
    assert first.release("m") is False
    assert first.release("other") is True
    assert second.acquire("m", time=TIME, until=TIME + MINUTE)
    assert second.release("m") is True


def test_a_mutex_that_ran_out_can_be_taken_and_is_not_given_back_by_its_old_holder(either: Place) -> None:
    first, second, third = (DynamoMutex(either.table) for _ in range(3))
    assert first.acquire("m", time=TIME, until=TIME + MINUTE)
    later = TIME + MINUTE
    assert second.acquire("m", time=later, until=later + MINUTE)
    assert first.release("m") is True
    assert not third.acquire("m", time=later, until=later + MINUTE)
    assert first.release("m") is True
    assert second.release("m") is False
    assert third.acquire("m", time=later, until=later + MINUTE)


def test_one_of_many_gets_the_mutex(place: Place) -> None:
    time = now()
    mutexes = [DynamoMutex(place.table) for _ in range(24)]
    with ThreadPoolExecutor(24) as pool:
        got = list(pool.map(lambda mutex: mutex.acquire("m", time=time, until=time + MINUTE), mutexes))
    assert got.count(True) == 1
    assert mutexes[got.index(True)].release("m") is False
