"""Free accounts cannot delay paying users: while paid generations wait, half of the slots are reserved for them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from llmready.adapters.dynamodb.generations import generation_item
from llmready.domain.clock import new_id, now
from llmready.domain.generation import Generation, Status
from llmready.domain.plans import PLANS
from llmready.services import Services
from llmready.settings import Settings
from llmready.usecases.reserve_slots import must_yield
from llmready.usecases.start_generation import StartRequest, start_generation
from llmready.worker.job import run_job
from testkit.emulator import Place
from testkit.people import registered, started, with_website
from testkit.table_reads import table_reads
from testkit.worker_process import now_stored


def services_with(place: Place, *, tasks: int, crawlers: int) -> Services:
    return replace(place.services, settings=Settings(max_tasks=tasks, crawlers_per_task=crawlers))


def pending(place: Place, plan: str, **website: Any) -> Generation:
    user = registered(place, plan)
    return started(place, user, with_website(place, user, **website), paid=PLANS[plan].is_paid)


def running(place: Place, plan: str, *, lease: timedelta = timedelta(minutes=1)) -> Generation:
    generation = pending(place, plan)
    claimed = generation.claimed(time=now() - timedelta(seconds=1), lease=lease)
    place.generations.claim(generation, claimed)
    return claimed


@pytest.mark.parametrize(
    ("tasks", "crawlers", "others"),
    [(1, 1, 1), (1, 2, 1), (3, 1, 2), (2, 2, 2), (5, 1, 3)],
    ids=["1 slot", "2 slots", "3 slots", "4 slots", "5 slots"],
)
def test_the_free_plan_has_the_other_half_while_paid_plans_wait(
    place: Place, tasks: int, crawlers: int, others: int
) -> None:
    services = services_with(place, tasks=tasks, crawlers=crawlers)
    free = pending(place, "free")
    for number in range(others):
        assert not must_yield(services, free, browser=False), number
        running(place, "free")
    # No paid generation waits, so the free plan may use all slots.
    assert not must_yield(services, free, browser=False)
    pending(place, "starter")
    assert must_yield(services, free, browser=False)


@pytest.mark.parametrize("plan", ["starter", "standard", "pro"])
def test_every_paid_plan_has_reserved_slots(place: Place, plan: str) -> None:
    services = services_with(place, tasks=1, crawlers=1)
    running(place, "free")
    paid = pending(place, plan)
    assert must_yield(services, pending(place, "free"), browser=False)
    assert not must_yield(services, paid, browser=False)


def test_generations_that_cannot_start_here_reserve_nothing(place: Place) -> None:
    services = services_with(place, tasks=1, crawlers=1)
    free = pending(place, "free")
    running(place, "free")
    running(place, "pro")
    user = registered(place, "pro")
    started(place, user, with_website(place, user), waiting=True)
    pending(place, "pro", use_playwright=True)
    assert not must_yield(services, free, browser=False)
    assert must_yield(services, free, browser=True)


def test_a_free_crawl_of_a_crashed_worker_occupies_no_slot(place: Place) -> None:
    services = services_with(place, tasks=1, crawlers=1)
    pending(place, "pro")
    running(place, "free", lease=timedelta(milliseconds=1))
    assert not must_yield(services, pending(place, "free"), browser=False)


def test_the_reads_of_a_claim_do_not_grow_with_the_queue_of_free_accounts(place: Place) -> None:
    services = services_with(place, tasks=1, crawlers=1)
    running(place, "free")
    free = pending(place, "free", include_patterns=["/" + "a" * 199] * 50)
    found = []
    for paid in (False, True):
        if paid:
            pending(place, "pro")
        for _ in range(40):
            copy = free.model_copy(update={"id": new_id(), "user_id": new_id()})
            place.table.write(place.table.put(generation_item(copy)))
        with table_reads(place.dynamodb) as reads:
            assert must_yield(services, free, browser=False) is paid
        found.append(sum(size for _, size in reads))
    # No queue of paid generations exists at first. Then one paid and one running generation are read.
    assert found[0] == 0
    assert 0 < found[1] < 3000


async def test_a_worker_puts_a_free_generation_back_until_a_slot_is_free(place: Place) -> None:
    services = services_with(place, tasks=1, crawlers=1)
    free = pending(place, "free")
    place.jobs.send(free)
    running(place, "free")
    pending(place, "starter")
    message = await asyncio.to_thread(place.jobs.receive, free.lane, wait=2, visibility=30)
    assert message is not None
    context: Any = SimpleNamespace(services=services, lease=timedelta(seconds=10), retries=2)
    await run_job(message, context, asyncio.Event())
    waiting = now_stored(place, free)
    assert (waiting.status, waiting.attempts, waiting.fence) == (Status.PENDING, 0, 0)
    # There is one message, which is delayed for some seconds. It is a new message, so no delivery counts as failed.
    assert sum(place.waiting(place.queue_urls[free.lane])) in (0, 1)
    again = await asyncio.to_thread(place.jobs.receive, free.lane, wait=15, visibility=30)
    assert again is not None
    assert again.generation_id == free.id
    assert again.receipt != message.receipt


@pytest.mark.parametrize(("plan", "paid"), [("free", False), ("starter", True), ("pro", True)])
def test_a_start_stores_whether_its_plan_is_paid(place: Place, plan: str, *, paid: bool) -> None:
    user = registered(place, plan)
    website = with_website(place, user)
    services = replace(place.services, dispatcher_trigger=SimpleNamespace(fire=lambda _: None))
    request = StartRequest(user_id=user.id, website_id=website.id)
    begun = start_generation(services, request, account=lambda found: found or user, limit=lambda: None)
    generation = place.generations.get(user.id, begun.id)
    assert generation is not None
    assert generation.paid is paid
