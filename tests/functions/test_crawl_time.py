"""Crawls that fail or are cancelled cost no quota, but an account may spend only an hour a day on them."""

from datetime import datetime, timedelta

import pytest

from llmready.domain import failed_crawls
from llmready.domain.clock import now
from llmready.domain.errors import TooManyRequests
from llmready.domain.failed_crawls import SECONDS_PER_DAY, check_failed_crawls
from llmready.domain.generation import Failure, Generation
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import fail_generation
from testkit.emulator import Place
from testkit.people import started, with_website
from tests.functions.member import Member, member

pytestmark = pytest.mark.usefixtures("calls")
FAILURE = Failure(code="timeout", message="Too slow.")
LEASE = timedelta(seconds=30)


def crawled(place: Place, who: Member, since: datetime) -> Generation:
    """Return a generation of a new website that a worker claimed at a time."""
    website = with_website(place, who.user, timeout=3600)
    pending = started(place, who.user, website, timeout=3600)
    claimed = pending.claimed(time=since, lease=timedelta(days=1))
    place.generations.claim(pending, claimed)
    return claimed


def test_an_hour_of_failed_and_cancelled_crawls_a_day(place: Place) -> None:
    ada = member(place, "pro")
    time = now()
    website = with_website(place, ada.user)
    fail_generation(place.services_at(time), crawled(place, ada, time - timedelta(minutes=40)), FAILURE)
    status, _ = ada.ask("POST", "/generations/start", {"website_id": website.id})
    assert status == 202
    cancel_generation(place.services_at(time), crawled(place, ada, time - timedelta(minutes=20)))
    another = with_website(place, ada.user)
    status, answer = ada.ask("POST", "/generations/start", {"website_id": another.id})
    assert (status, answer["code"]) == (429, "failed_crawl_limit")
    # Others may start, and so may this account on the next day.
    bob = member(place)
    status, _ = bob.ask("POST", "/generations/start", {"website_id": with_website(place, bob.user).id})
    assert status == 202
    seconds = place.generations.start_snapshot(ada.user.id, another.id).failed_seconds
    assert sum(seconds.values()) == SECONDS_PER_DAY
    with pytest.raises(TooManyRequests) as refused:
        check_failed_crawls(seconds, time)
    check_failed_crawls(seconds, time + timedelta(seconds=refused.value.retry_after))


def test_every_attempt_counts_for_its_timeout_at_most(place: Place) -> None:
    ada = member(place, "pro")
    time = now()
    first = crawled(place, ada, time - timedelta(hours=9))
    waiting = first.handed_back(failure=FAILURE, ended_at=time - timedelta(hours=7))
    assert waiting.lost_seconds == 3600
    second = waiting.claimed(time=time - timedelta(seconds=100), lease=LEASE)
    assert second.failed(time=time, failure=FAILURE).lost_seconds == 3700
    # A crawl that completed, or that the service interrupted, does not count.
    assert second.handed_back(attempt_counts=False).lost_seconds == 3600
    third = second.model_copy(update={"lease_expires_at": time - timedelta(seconds=60)})
    assert third.claimed(time=time, lease=LEASE).lost_seconds == 3640


def test_a_generation_that_was_never_crawled_costs_no_crawl_time(place: Place) -> None:
    ada = member(place, "pro")
    website = with_website(place, ada.user)
    cancel_generation(place.services, started(place, ada.user, website))
    assert place.generations.start_snapshot(ada.user.id, website.id).failed_seconds == {}


def test_many_generations_that_are_cancelled_at_once_end_at_a_number(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them sends events to webhooks, which other users' events would wait for."""
    assert failed_crawls.MOST_PER_DAY == 300
    monkeypatch.setattr(failed_crawls, "MOST_PER_DAY", 3)
    ada, bob = member(place, "pro"), member(place)
    website = with_website(place, ada.user)
    for _ in range(3):
        status, answer = ada.ask("POST", "/generations/start", {"website_id": website.id})
        assert status == 202
        status, _ = ada.ask("POST", f"/generations/{answer['generation_id']}/cancel")
        assert status == 202
    status, answer = ada.ask("POST", "/generations/start", {"website_id": website.id})
    assert (status, answer["code"]) == (429, "failed_crawl_limit")
    assert place.generations.start_snapshot(ada.user.id, website.id).failed_seconds == {}
    status, _ = bob.ask("POST", "/generations/start", {"website_id": with_website(place, bob.user).id})
    assert status == 202
    numbers = place.generations.start_snapshot(ada.user.id, website.id).failed_numbers
    check_failed_crawls({}, now() + timedelta(days=1), ended=numbers)
