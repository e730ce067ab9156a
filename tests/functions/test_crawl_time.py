"""Crawls that fail or are cancelled cost no quota, but an account may spend only an hour a day on them."""

from datetime import datetime, timedelta

import pytest

from llmready.domain import failed_crawls
from llmready.domain.clock import now
from llmready.domain.errors import TooManyRequests
from llmready.domain.failed_crawls import SECONDS_PER_DAY, check_failed_crawls
from llmready.domain.generation import HOST_BUSY, Failure, Generation, Progress
from llmready.domain.website import canonical_url
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import fail_generation
from llmready.usecases.give_up_generation import give_up_generation
from testkit.emulator import Place
from testkit.people import started, with_website
from testkit.worker_process import now_stored
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
    second = waiting.claimed(time=time - timedelta(seconds=100), lease=timedelta(seconds=101))
    assert second.failed(time=time, failure=FAILURE).lost_seconds == 3700
    # A crawl that completed, or that the service interrupted, does not count.
    assert second.handed_back(attempt_counts=False).lost_seconds == 3600
    third = second.model_copy(update={"lease_expires_at": time - timedelta(seconds=60)})
    assert third.claimed(time=time, lease=LEASE).lost_seconds == 3640


def waited(place: Place, who: Member, since: datetime, seconds: int, lease: timedelta) -> Generation:
    """Return a generation that a worker claimed at a time, and that waited for its host so many seconds."""
    claimed = crawled(place, who, since)
    place.generations.heartbeat(
        claimed.progressed(Progress(), waited=seconds), lease_expires_at=since + lease, progress=Progress()
    )
    return now_stored(place, claimed)


@pytest.mark.parametrize("end", ["failed", "cancelled", "returned", "taken over", "given up"])
def test_the_time_that_a_crawl_waits_for_its_host_does_not_count(place: Place, end: str) -> None:
    """Otherwise, the crawls of others could use up the limit of an account."""
    ada, time = member(place, "pro"), now()
    claimed = waited(place, ada, time - timedelta(seconds=1000), 870, timedelta(seconds=900))
    late = place.services_at(time)
    match end:
        case "failed":
            fail_generation(late, claimed, HOST_BUSY)
        case "cancelled":
            cancel_generation(late, claimed)
        case "returned":
            returned = claimed.handed_back(failure=HOST_BUSY, ended_at=time - timedelta(seconds=100))
            place.generations.hand_back(returned)
            cancel_generation(late, returned)
        case "taken over":
            again = claimed.claimed(time=time, lease=LEASE)
            place.generations.claim(claimed, again)
            assert again.waited_seconds == 0
            cancel_generation(late, again)
        case "given up":
            assert give_up_generation(late, claimed.user_id, claimed.id)
    # Its worker crawled for the other 30 seconds until its lease ended, and not after that.
    assert list(place.generations.failed_seconds(ada.user.id, None).values()) == [30]


def test_a_crawl_that_ran_counts_also_if_it_waited(place: Place) -> None:
    """Otherwise, crawls of one host by several accounts would be without a limit."""
    ada, time = member(place, "pro"), now()
    for _ in range(2):
        claimed = waited(place, ada, time - timedelta(seconds=3600), 1800, timedelta(days=1))
        fail_generation(place.services_at(time), claimed, HOST_BUSY)
    status, answer = ada.ask("POST", "/generations/start", {"website_id": with_website(place, ada.user).id})
    assert (status, answer["code"]) == (429, "failed_crawl_limit")


def test_what_was_counted_for_the_user_counts_with_what_is_counted_for_the_address(place: Place) -> None:
    """Earlier versions count failed crawls for the user."""
    ada, time = member(place, "pro"), now()
    website = with_website(place, ada.user)
    fail_generation(place.services_at(time), crawled(place, ada, time - timedelta(seconds=20)), FAILURE)
    place.users.set_quota_ledger(ada.user, "fingerprint")
    under_it = crawled(place, ada, time - timedelta(seconds=10)).model_copy(
        update={"quota_ledger": "fingerprint"}
    )
    fail_generation(place.services_at(time), under_it, FAILURE)
    snapshot = place.generations.start_snapshot(ada.user.id, website.id)
    by_url = place.generations.start_snapshot_by_url(ada.user.id, canonical_url(website.url))
    assert snapshot == by_url
    assert (sum(snapshot.failed_seconds.values()), sum(snapshot.failed_numbers.values())) == (30, 2)
    assert place.generations.failed_seconds(ada.user.id, "fingerprint") == snapshot.failed_seconds


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
