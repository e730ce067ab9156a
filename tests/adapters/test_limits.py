from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from llmready.adapters.dynamodb.limits import (
    LOCKOUT_FAILURES,
    LOCKOUT_FAILURES_OF_NETWORK,
    LOCKOUT_WINDOW,
    DynamoMutex,
)
from llmready.domain.clock import now
from llmready.domain.rate_limits import Rate
from llmready.ports.limits import LoginAttempt
from testkit.emulator import Place

TIME = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(place: Place, key: str = "somebody", *, per_minute: int = 10, time: datetime = TIME) -> int:
    """Take one and return how long to wait."""
    return place.limiter.take("starts", key, rate=Rate(per_minute), time=time).wait


@pytest.mark.parametrize("per_minute", [1, 7, 10, 60])
def test_limit_allows_its_rate_per_minute(either: Place, per_minute: int) -> None:
    answers = [take(either, per_minute=per_minute) for _ in range(per_minute + 3)]
    assert answers[:per_minute] == [0] * per_minute
    assert all(answer > 0 for answer in answers[per_minute:])


def test_retry_after_is_exact(either: Place) -> None:
    for _ in range(10):
        assert take(either) == 0
    wait = take(either)
    assert wait == 6
    assert take(either, time=TIME + timedelta(seconds=wait - 1)) > 0
    assert take(either, time=TIME + timedelta(seconds=wait)) == 0
    assert take(either, time=TIME + timedelta(seconds=wait)) > 0


def test_idle_time_refills_the_bucket_up_to_its_size(either: Place) -> None:
    for _ in range(10):
        take(either)
    later = TIME + timedelta(hours=1)
    assert [take(either, time=later) for _ in range(11)].count(0) == 10


def test_limits_are_separate_per_subject(either: Place) -> None:
    for _ in range(10):
        take(either)
    assert take(either, "another") == 0
    assert either.limiter.take("logins", "somebody", rate=Rate(10), time=TIME).wait == 0


def test_simultaneous_requests_do_not_exceed_the_limit(place: Place) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: take(place, per_minute=20), range(80)))
    assert answers.count(0) == 20
    assert all(0 < answer <= 60 for answer in answers if answer)


def test_rate_limit_status_is_returned(either: Place) -> None:
    rate = Rate(4, 3600)
    statuses = [either.limiter.take("mails", "somebody", rate=rate, time=TIME) for _ in range(5)]
    assert [(status.remaining, status.wait) for status in statuses] == [
        (3, 0),
        (2, 0),
        (1, 0),
        (0, 0),
        (0, 900),
    ]
    assert [status.full_in for status in statuses] == [900, 1800, 2700, 3600, 3600]


def test_subject_of_a_limit_is_stored_hashed(either: Place) -> None:
    either.limiter.take("logins", "192.0.2.77", rate=Rate(10), time=TIME)
    assert "192.0.2.77" not in str(either.dynamodb.scan(TableName=either.name)["Items"])


SOMEBODY = LoginAttempt("somebody", "home")


def fail(place: Place, time: datetime = TIME, attempt: LoginAttempt = SOMEBODY) -> int:
    """Try a wrong password and return for how many seconds the attempt is locked."""
    if wait := place.lockout.begin(attempt, time):
        return wait
    place.lockout.failed(attempt, time)
    return 0


def test_failures_from_anywhere_lock_the_address(either: Place) -> None:
    for number in range(LOCKOUT_FAILURES):
        assert fail(either, attempt=LoginAttempt("somebody", f"network {number // 9}")) == 0
    assert fail(either, attempt=LoginAttempt("somebody", "network 99")) == LOCKOUT_WINDOW.total_seconds()
    assert fail(either, attempt=LoginAttempt("another", "network 99")) == 0
    either.lockout.lift("somebody")
    assert fail(either, attempt=LoginAttempt("somebody", "network 0")) == 0


def test_ten_failures_lock_for_a_while(either: Place) -> None:
    assert [fail(either) for _ in range(LOCKOUT_FAILURES_OF_NETWORK)] == [0] * LOCKOUT_FAILURES_OF_NETWORK
    assert fail(either) == LOCKOUT_WINDOW.total_seconds()
    assert fail(either, TIME + 5 * MINUTE) == 600
    assert fail(either, attempt=LoginAttempt("another", "home")) == 0
    after = TIME + LOCKOUT_WINDOW
    assert [fail(either, after) for _ in range(LOCKOUT_FAILURES_OF_NETWORK)] == [
        0
    ] * LOCKOUT_FAILURES_OF_NETWORK
    assert fail(either, after) > 0


def test_failures_count_for_fifteen_minutes(either: Place) -> None:
    for _ in range(LOCKOUT_FAILURES_OF_NETWORK - 1):
        assert fail(either) == 0
    almost = TIME + LOCKOUT_WINDOW - timedelta(seconds=1)
    assert fail(either, almost) == 0
    assert fail(either, almost) == LOCKOUT_WINDOW.total_seconds()
    # Of those ten, nine are older than the window by then.
    assert fail(either, almost + LOCKOUT_WINDOW) == 0


def test_a_good_login_clears_the_failures(either: Place) -> None:
    for _ in range(LOCKOUT_FAILURES_OF_NETWORK - 1):
        fail(either)
    assert either.lockout.begin(SOMEBODY, TIME) == 0
    either.lockout.succeeded(SOMEBODY, TIME)
    either.lockout.succeeded(LoginAttempt("nobody", "home"), TIME)
    assert [fail(either) for _ in range(LOCKOUT_FAILURES_OF_NETWORK)] == [0] * LOCKOUT_FAILURES_OF_NETWORK
    assert fail(either) > 0


def test_simultaneous_guesses_get_ten_attempts(place: Place) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: fail(place), range(48)))
    assert answers.count(0) == LOCKOUT_FAILURES_OF_NETWORK


def test_simultaneous_correct_passwords_are_accepted(place: Place) -> None:
    def sign_in(_: int) -> int:
        wait = place.lockout.begin(SOMEBODY, TIME)
        if not wait:
            place.lockout.succeeded(SOMEBODY, TIME)
        return wait

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(sign_in, range(48))) == {0}


def test_interrupted_logins_count_as_failed(either: Place) -> None:
    for _ in range(LOCKOUT_FAILURES_OF_NETWORK):
        assert either.lockout.begin(SOMEBODY, TIME) == 0
    assert either.lockout.begin(SOMEBODY, TIME + timedelta(seconds=30)) == 870


def test_mutex_holder_learns_of_waiting_processes(either: Place) -> None:
    first, second = DynamoMutex(either.table), DynamoMutex(either.table)
    assert first.acquire("m", time=TIME, until=TIME + MINUTE)
    assert first.acquire("other", time=TIME, until=TIME + MINUTE)
    assert not second.acquire("m", time=TIME, until=TIME + MINUTE)
    assert first.release("m") is False
    assert first.release("other") is True
    assert second.acquire("m", time=TIME, until=TIME + MINUTE)
    assert second.release("m") is True


def test_expired_mutex_can_be_taken_and_not_released_by_its_old_holder(either: Place) -> None:
    first, second, third = (DynamoMutex(either.table) for _ in range(3))
    assert first.acquire("m", time=TIME, until=TIME + MINUTE)
    later = TIME + MINUTE
    assert second.acquire("m", time=later, until=later + MINUTE)
    assert first.release("m") is True
    assert not third.acquire("m", time=later, until=later + MINUTE)
    assert first.release("m") is True
    assert second.release("m") is False
    assert third.acquire("m", time=later, until=later + MINUTE)


def test_only_one_process_gets_the_mutex(place: Place) -> None:
    time = now()
    mutexes = [DynamoMutex(place.table) for _ in range(24)]
    with ThreadPoolExecutor(24) as pool:
        got = list(pool.map(lambda mutex: mutex.acquire("m", time=time, until=time + MINUTE), mutexes))
    assert got.count(True) == 1
    assert mutexes[got.index(True)].release("m") is False
