"""Concurrent, conflicting and repeated starts."""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from llmready import bootstrap
from llmready.adapters.dynamodb import keys
from llmready.domain.clock import now
from llmready.domain.errors import DomainError
from llmready.domain.generation import Status
from llmready.domain.idempotency import KEPT, digest_of
from llmready.domain.plans import PLANS
from llmready.domain.quota import month_of
from llmready.domain.user import User
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import TIMED_OUT, fail_generation
from llmready.usecases.fill_slots import fill_slots
from llmready.usecases.start_generation import StartRequest, start_generation
from testkit.books import check_books
from testkit.emulator import Emulator, Place
from testkit.people import registered, with_website, with_websites
from testkit.service import Service
from tests.chaos.faults import conflicts

AT_ONCE = 24


class Trigger:
    def fire(self, generation: object) -> None:
        pass


def start(
    place: Place,
    user: User,
    website_id: str,
    key: str | None = None,
    *,
    limit: Callable[[], None] = lambda: None,
    time: datetime | None = None,
) -> str:
    """Start as the function does, and return the id or the code of the refusal."""
    account: Callable[[Any], User] = lambda found: found  # noqa: E731
    services = replace(place.services_at(time) if time else place.services, dispatcher_trigger=Trigger())
    try:
        request = StartRequest(
            user_id=user.id, website_id=website_id, idempotency_key=key, correlation_id="c"
        )
        return start_generation(services, request, account=account, limit=limit).id
    except DomainError as error:
        return error.code


def starting(place: Place, user: User, website_id: str, key: str | None = None) -> Callable[[int], str]:
    """Return what one of many parallel calls does; see `start`."""
    return lambda _: start(place, user, website_id, key)


def in_parallel(count: int, call: Callable[[int], str]) -> Counter[str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(call, range(count)))


def codes(outcomes: Counter[str]) -> dict[str, int]:
    """Count the refusals by code, and the successful starts together."""
    found: Counter[str] = Counter()
    for outcome, count in outcomes.items():
        found["started" if "-" in outcome else outcome] += count
    return dict(found)


def _quota_race(place: Place, parallel: int) -> None:
    user = registered(place, "pro")
    left = 5
    place.table.write(
        place.table.update(
            place_key(user), add={"taken": PLANS["pro"].generations_per_month - left, "used": 20}
        )
    )
    websites = [website.id for website in with_websites(place, user, parallel)]
    dice = random.Random(parallel)
    with conflicts(place.dynamodb, lambda: dice.random() < 0.05):
        outcomes = in_parallel(parallel, lambda number: start(place, user, websites[number]))
    assert codes(outcomes) == {"started": left, "quota_exceeded": parallel - left}
    ledger = place.quotas.get(user.id, month_of(now()))
    assert (ledger.taken, ledger.used, ledger.reserved) == (25, 20, 5)
    running = list(place.generations.active())
    assert sum(not generation.waiting for generation in running if generation.user_id == user.id) == 4


def place_key(user: User) -> Any:
    return keys.quota(user.id, month_of(now()))


@pytest.mark.parametrize(("parallel", "rounds"), [(30, 1), pytest.param(200, 100, marks=pytest.mark.chaos)])
def test_concurrent_starts_do_not_exceed_the_quota(
    emulator: Emulator, parallel: int, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    for _ in range(rounds):
        _quota_race(emulator.place(), parallel)
    record_property("figure", f"{parallel} parallel starts with 5 left, {rounds} rounds: exactly 5 each")


@pytest.mark.parametrize(("parallel", "rounds"), [(20, 2), pytest.param(100, 100, marks=pytest.mark.chaos)])
def test_a_website_is_started_once(
    place: Place, parallel: int, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    for _ in range(rounds):
        user = registered(place, "pro")
        website = with_website(place, user)
        outcomes = in_parallel(parallel, starting(place, user, website.id))
        assert codes(outcomes) == {"started": 1, "generation_in_progress": parallel - 1}
        check_books(place, user.id)
    record_property("figure", f"{parallel} parallel starts on one website, {rounds} rounds: exactly one each")


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.chaos)])
def test_idempotency_key_gives_one_start_and_one_answer(
    place: Place, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(rounds)
    for _ in range(rounds):
        user = registered(place, "pro")
        website = with_website(place, user)
        with conflicts(place.dynamodb, lambda: dice.random() < 0.1):
            outcomes = in_parallel(50, starting(place, user, website.id, "the key"))
        (generation,) = check_books(place, user.id)
        assert outcomes == {generation.id: 50}
    record_property(
        "figure", f"one Idempotency-Key x50, {rounds} rounds: one generation, 50 equal answers each"
    )


def test_idempotency_key_is_valid_for_a_day_and_one_request(place: Place) -> None:
    user = registered(place, "pro")
    first, second = with_website(place, user), with_website(place, user)
    generation = start(place, user, first.id, "k")

    def refuse() -> None:
        raise AssertionError("a stored answer came after the limiter")

    assert start(place, user, first.id, "k", limit=refuse) == generation
    assert start(place, user, second.id, "k", limit=refuse) == "idempotency_key_reused"
    assert start(place, user, first.id, "another") == "generation_in_progress"
    other = registered(place, "pro")
    assert start(place, other, with_website(place, other).id, "k") != generation

    (stored,) = check_books(place, user.id)
    cancel_generation(place.services, stored)
    assert start(place, user, first.id, "k") == generation
    a_day_later = now() + KEPT + timedelta(seconds=1)
    assert start(place, user, first.id, "k", time=a_day_later) not in (generation, "generation_in_progress")
    assert place.generations.start_snapshot(user.id, first.id, digest_of("k")).earlier is not None


def test_over_http_a_repeat_is_answered_as_the_first_was(service: Service, place: Place) -> None:
    ada = service.person("ada@example.com")
    website = ada.ask("POST", "/websites", {"url": "https://python.org"}).json["id"]

    def send(key: str, body: Any = None, path: str = "/generations/start") -> Any:
        return ada.ask("POST", path, body or {"website_id": website}, headers={"idempotency-key": key})

    first = send("8e03978e")
    assert first.status == 202, first.body
    for again in (send("8e03978e"), send("8e03978e", path="/generations")):
        assert (again.status, again.json, again.headers["Location"]) == (
            202,
            first.json,
            first.headers["Location"],
        )
    refused = send("8e03978e", {"website_id": "another"})
    assert (refused.status, refused.json["code"]) == (422, "idempotency_key_reused")
    for bad in ("", "x" * 256, "with space", "ümlaut"):
        assert send(bad).status == 422, bad
    check_books(place, ada.id)


def test_permanent_conflicts_answer_503(service: Service, place: Place) -> None:
    ada = service.person("ada@example.com")
    website = ada.ask("POST", "/websites", {"url": "https://python.org"}).json["id"]
    met = itertools.count()
    with conflicts(bootstrap.client("dynamodb"), lambda: next(met) >= 0):
        refused = ada.ask("POST", "/generations/start", {"website_id": website})
    assert (refused.status, refused.json["code"]) == (503, "try_again")
    assert int(refused.headers["Retry-After"]) >= 1
    assert next(met) == 8
    assert check_books(place, ada.id) == []
    assert ada.ask("POST", "/generations/start", {"website_id": website}).status == 202


@pytest.mark.parametrize("plan", list(PLANS))
def test_starts_above_the_plans_limit_wait(place: Place, plan: str) -> None:
    user = registered(place, plan)
    running = PLANS[plan].running
    wanted = min(running + 2, PLANS[plan].generations_per_month, PLANS[plan].websites)
    for _ in range(wanted):
        assert "-" in start(place, user, with_website(place, user).id)
    generations = check_books(place, user.id)
    assert [generation.waiting for generation in generations] == [False] * running + [True] * (
        wanted - running
    )
    assert place.waiting(place.queue_urls[generations[0].lane])[0] == running


def test_the_end_of_a_generation_sends_the_next_waiting_one(place: Place) -> None:
    for end in (
        lambda generation: cancel_generation(place.services, generation),
        lambda generation: fail_generation(place.services, generation, TIMED_OUT),
    ):
        user = registered(place, "standard")
        for _ in range(3):
            start(place, user, with_website(place, user).id)
        first, _, third = check_books(place, user.id)
        assert third.enqueued_at is None
        end(first)
        sent = check_books(place, user.id)[2]
        assert (sent.id, sent.status) == (third.id, Status.PENDING)
        assert sent.enqueued_at is not None


def test_waiting_generation_starts_when_a_slot_is_free(place: Place) -> None:
    user = registered(place, "standard")
    for _ in range(4):
        start(place, user, with_website(place, user).id)
    first, second, third, fourth = check_books(place, user.id)
    assert fill_slots(place.services, user.id) == []
    cancel_generation(place.services, fourth)
    assert fill_slots(place.services, user.id) == []
    # As left by a process that died after it stored the end of a generation.
    place.generations.finish(first.cancelled(time=now()), None, was=Status.PENDING)
    assert in_parallel(5, lambda _: str(len(fill_slots(place.services, user.id)))) == {"1": 1, "0": 4}
    generations = check_books(place, user.id)
    assert [generation.waiting for generation in generations] == [False, False, False, True]
    assert generations[2].enqueued_at is not None
    assert {generation.status for generation in generations[1:3]} == {Status.PENDING}
    assert place.waiting(place.queue_urls[second.lane])[0] == 3
    assert third.id == generations[2].id
