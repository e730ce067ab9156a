import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from llmready.adapters.dynamodb.table import Item, Table
from llmready.domain.archive import Archive, Quality, QualityReason
from llmready.domain.clock import new_id, now
from llmready.domain.errors import Conflict, Forbidden, Invalid, LeaseLost, NotFound
from llmready.domain.generation import ActiveGeneration, Failure, Generation, Progress, Status
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.quota import QuotaUse
from llmready.domain.user import User
from llmready.domain.website import Website
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.people import LEASE, claimed, new_generation, registered, started, with_website

ARCHIVE = Archive(
    key="generations/u/g/1.zip",
    file_size=10,
    total_files=3,
    sha256="0" * 64,
    content_bytes=99,
    quality=Quality(score=90, reasons=[QualityReason(code="few_links", detail="Few pages.", points=10)]),
)
FAILURE = Failure(code="no_pages", message="There was nothing to read.")
PROGRESS = Progress(pages_crawled=3, total_pages=4, pages_failed=1)


@pytest.fixture
def user(either: Place) -> User:
    return registered(either)


@pytest.fixture
def website(either: Place, user: User) -> Website:
    return with_website(either, user)


def ledger(place: Place, generation: Generation) -> QuotaUse:
    return place.quotas.get(generation.user_id, generation.month)


def stored(place: Place, generation: Generation) -> Generation | None:
    return place.generations.get(generation.user_id, generation.id)


def mail_for(generation: Generation) -> OutboxMail:
    return OutboxMail(
        id=new_id(),
        user_id=generation.user_id,
        kind=MailKind.GENERATION_COMPLETE,
        generation_id=generation.id,
        created_at=now(),
        due_at=now(),
    )


def completed(place: Place, generation: Generation) -> Generation:
    held = claimed(place, generation)
    ended = held.completed(time=now(), archive=ARCHIVE, progress=PROGRESS)
    place.generations.finish(ended, mail_for(ended), was=Status.PROCESSING)
    return ended


def failed(place: Place, generation: Generation) -> Generation:
    held = claimed(place, generation)
    ended = held.failed(time=now(), failure=FAILURE)
    place.generations.finish(ended, mail_for(ended), was=Status.PROCESSING)
    return ended


def test_start_snapshot_reads_website_and_account(either: Place, user: User, website: Website) -> None:
    snapshot = either.generations.start_snapshot(user.id, website.id)
    assert snapshot.user is not None
    assert snapshot.user.email == user.email
    assert snapshot.website == website
    assert either.generations.start_snapshot(user.id, new_id()).website is None
    nobody = either.generations.start_snapshot(new_id(), website.id)
    assert (nobody.user, nobody.website) == (None, None)


def test_a_start_stores_the_generation_takes_quota_and_locks_the_website(
    either: Place, user: User, website: Website
) -> None:
    generation = started(either, user, website)
    assert stored(either, generation) == generation
    assert ledger(either, generation) == QuotaUse(month=generation.month, taken=1, reserved=1)
    locked = either.websites.get_for_user(user.id, website.id)[1]
    assert locked is not None
    assert locked.active_generation_id == generation.id
    counted = either.users.get(user.id)
    assert counted is not None
    assert (counted.running_count, counted.generation_count, counted.listed_total) == (1, 1, 1)


def test_a_start_over_the_quota_changes_nothing(either: Place, user: User) -> None:
    first = new_generation(user, with_website(either, user))
    either.generations.start(first, quota_limit=1)
    second = new_generation(user, with_website(either, user))
    with pytest.raises(Forbidden) as refused:
        either.generations.start(second, quota_limit=1)
    assert refused.value.code == "quota_exceeded"
    assert stored(either, second) is None
    assert ledger(either, first).taken == 1
    assert (
        either.generations.start_snapshot(user.id, second.website_id).website
        == either.websites.get_for_user(user.id, second.website_id)[1]
    )


def test_a_website_runs_one_generation_at_a_time(either: Place, user: User, website: Website) -> None:
    running = started(either, user, website)
    with pytest.raises(Conflict) as refused:
        started(either, user, website)
    assert refused.value.code == "generation_in_progress"
    assert refused.value.extra == {"generation_id": running.id}
    assert ledger(either, running).taken == 1


def test_an_inactive_website_is_refused(either: Place, user: User) -> None:
    website = with_website(either, user, is_active=False)
    with pytest.raises(Conflict) as refused:
        started(either, user, website)
    assert refused.value.code == "website_inactive"


def test_deleted_website_is_refused(either: Place, user: User, website: Website) -> None:
    either.websites.delete(website, now())
    with pytest.raises(NotFound) as refused:
        started(either, user, website)
    assert refused.value.code == "website_not_found"
    assert either.quotas.get(user.id, new_generation(user, website).month).taken == 0


def test_a_generation_is_started_once(either: Place, user: User, website: Website) -> None:
    done = failed(either, started(either, user, website))
    with pytest.raises(Conflict) as refused:
        started(either, user, website, id=done.id)
    assert refused.value.code == "generation_exists"
    assert stored(either, done) == done


def test_another_users_generation_is_not_found(either: Place, user: User, website: Website) -> None:
    generation = started(either, user, website)
    stranger = registered(either)
    assert either.generations.get(stranger.id, generation.id) is None
    found, none = either.generations.get_for_user(stranger.id, generation.id)
    assert (found and found.id, none) == (stranger.id, None)
    assert either.generations.get_for_user(user.id, generation.id)[1] == generation
    assert either.generations.get_for_user(new_id(), generation.id) == (None, None)


def test_claim_requires_an_unchanged_generation(either: Place, user: User, website: Website) -> None:
    generation = started(either, user, website)
    held = claimed(either, generation)
    assert stored(either, generation) == held
    assert (held.fence, held.attempts, held.status) == (1, 1, Status.PROCESSING)
    with pytest.raises(LeaseLost):
        claimed(either, generation)
    assert stored(either, generation) == held


def test_an_abandoned_generation_is_claimed_once(either: Place, user: User, website: Website) -> None:
    generation = started(either, user, website)
    held = generation.claimed(time=now() - timedelta(minutes=2), lease=LEASE)
    either.generations.claim(generation, held)
    again = held.claimed(time=now(), lease=LEASE)
    either.generations.claim(held, again)
    with pytest.raises(LeaseLost):
        either.generations.claim(held, held.claimed(time=now(), lease=LEASE))
    assert stored(either, generation) == again
    assert again.fence == 2


def test_extended_lease_cannot_be_claimed(either: Place, user: User, website: Website) -> None:
    generation = started(either, user, website)
    held = generation.claimed(time=now() - timedelta(minutes=2), lease=LEASE)
    either.generations.claim(generation, held)
    either.generations.heartbeat(held, lease_expires_at=now() + LEASE, progress=PROGRESS)
    with pytest.raises(LeaseLost):
        either.generations.claim(held, held.claimed(time=now(), lease=LEASE))


def test_heartbeat_extends_the_lease_and_stores_progress(either: Place, user: User, website: Website) -> None:
    held = claimed(either, started(either, user, website))
    later = now() + timedelta(minutes=5)
    either.generations.heartbeat(held, lease_expires_at=later, progress=PROGRESS)
    beaten = stored(either, held)
    assert beaten is not None
    assert beaten == held.progressed(PROGRESS).model_copy(update={"lease_expires_at": later})
    assert 0 < beaten.progress_percentage <= 95


def test_every_write_under_an_old_fence_is_refused(either: Place, user: User, website: Website) -> None:
    generation = started(either, user, website)
    old = generation.claimed(time=now() - timedelta(minutes=2), lease=LEASE)
    either.generations.claim(generation, old)
    held = old.claimed(time=now(), lease=LEASE)
    either.generations.claim(old, held)
    ended = old.completed(time=now(), archive=ARCHIVE, progress=PROGRESS)
    mail = mail_for(ended)
    with pytest.raises(LeaseLost):
        either.generations.heartbeat(old, lease_expires_at=now() + LEASE, progress=PROGRESS)
    with pytest.raises(LeaseLost):
        either.generations.hand_back(old.handed_back())
    with pytest.raises(LeaseLost):
        either.generations.finish(ended, mail, was=Status.PROCESSING)
    assert stored(either, generation) == held
    assert ledger(either, generation).used == 0
    assert due_of(either.outbox, now() + LEASE) == []


def test_handed_back_generation_can_be_claimed(either: Place, user: User, website: Website) -> None:
    held = claimed(either, started(either, user, website))
    waiting = held.handed_back(failure=FAILURE)
    either.generations.hand_back(waiting)
    assert stored(either, held) == waiting
    assert (waiting.status, waiting.attempts, waiting.error_code) == (Status.PENDING, 1, "no_pages")
    with pytest.raises(LeaseLost):
        either.generations.heartbeat(held, lease_expires_at=now() + LEASE, progress=PROGRESS)
    again = claimed(either, waiting)
    assert (again.fence, again.attempts, again.error_code) == (2, 2, None)
    assert ledger(either, held) == QuotaUse(month=held.month, taken=1, reserved=1)


def test_completing_commits_everything_at_once(either: Place, user: User, website: Website) -> None:
    done = completed(either, started(either, user, website))
    assert stored(either, done) == done
    assert ledger(either, done) == QuotaUse(month=done.month, taken=1, used=1)
    free = either.websites.get_for_user(user.id, website.id)[1]
    assert free is not None
    assert free.active_generation_id is None
    assert (free.generation_count, free.completed_count, free.failed_count) == (1, 1, 0)
    assert free.last_generated_at == done.completed_at
    counted = either.users.get(user.id)
    assert counted is not None
    assert (counted.running_count, counted.listed_completed, counted.listed_failed) == (0, 1, 0)
    assert (counted.completed_count, counted.failed_count, counted.listed_total) == (1, 0, 1)
    assert [mail.generation_id for mail in due_of(either.outbox, now())] == [done.id]


def test_failing_releases_quota_and_website(either: Place, user: User, website: Website) -> None:
    done = failed(either, started(either, user, website))
    assert stored(either, done) == done
    assert ledger(either, done) == QuotaUse(month=done.month)
    free = either.websites.get_for_user(user.id, website.id)[1]
    assert free is not None
    assert (free.active_generation_id, free.last_generated_at) == (None, None)
    assert (free.generation_count, free.completed_count, free.failed_count) == (1, 0, 1)
    counted = either.users.get(user.id)
    assert counted is not None
    assert (counted.running_count, counted.listed_failed, counted.failed_count) == (0, 1, 1)
    started(either, user, website)


def test_an_end_without_a_mail(either: Place, user: User, website: Website) -> None:
    pending = started(either, user, website)
    either.generations.finish(pending.failed(time=now(), failure=FAILURE), None, was=Status.PENDING)
    assert due_of(either.outbox, now()) == []
    assert ledger(either, pending).taken == 0


def test_a_generation_ends_once(either: Place, user: User, website: Website) -> None:
    held = claimed(either, started(either, user, website))
    ended = held.completed(time=now(), archive=ARCHIVE, progress=PROGRESS)
    either.generations.finish(ended, mail_for(ended), was=Status.PROCESSING)
    with pytest.raises(LeaseLost):
        either.generations.finish(ended, mail_for(ended), was=Status.PROCESSING)
    with pytest.raises(LeaseLost):
        either.generations.finish(
            held.failed(time=now(), failure=FAILURE), mail_for(held), was=Status.PROCESSING
        )
    assert ledger(either, held) == QuotaUse(month=held.month, taken=1, used=1)
    assert len(due_of(either.outbox, now())) == 1


def test_enqueued_is_recorded_only_for_pending_generations(
    either: Place, user: User, website: Website
) -> None:
    generation = started(either, user, website)
    time = now()
    either.generations.mark_enqueued(user.id, generation.id, time)
    noted = stored(either, generation)
    assert noted is not None
    assert noted.enqueued_at == time
    held = claimed(either, noted)
    either.generations.mark_enqueued(user.id, generation.id, time + LEASE)
    assert stored(either, generation) == held
    missing = new_id()
    either.generations.mark_enqueued(user.id, missing, time)
    assert either.generations.get(user.id, missing) is None


def test_running_and_expired_generations_are_found(either: Place, user: User) -> None:
    first, second, third, fourth = (started(either, user, with_website(either, user)) for _ in range(4))
    held = claimed(either, second)
    done = completed(either, third)
    failed(either, fourth)
    assert [found.id for found in either.generations.active()] == [first.id, held.id]
    assert [found.id for found in either.generations.running()] == [held.id]
    assert done.expires_at is not None
    assert list(either.generations.expired(done.expires_at - LEASE)) == []
    assert list(either.generations.expired(done.expires_at)) == [done]
    either.generations.files_removed(done)
    assert list(either.generations.expired(done.expires_at)) == []
    emptied = stored(either, done)
    assert emptied is not None
    assert emptied == done


def test_active_generations_are_found_in_each_state_without_their_patterns(either: Place, user: User) -> None:
    patterns: dict[str, Any] = {"include_patterns": ["/docs/*"], "exclude_patterns": ["blog"]}
    websites = [with_website(either, user, **patterns) for _ in range(4)]
    browser = with_website(either, user, use_playwright=True, **patterns)
    free = started(either, user, websites[0], paid=False)
    paid = started(either, user, websites[1], paid=True)
    held = started(either, user, websites[2], paid=True, waiting=True)
    crawled = claimed(either, started(either, user, websites[3], paid=False))
    rendered = started(either, user, browser, paid=True)

    def active() -> list[ActiveGeneration]:
        return list(either.generations.active())

    stored_ones = [free, paid, held, crawled, rendered]
    attributes = set(ActiveGeneration.model_fields)
    needs: Any = {"settings": {"use_playwright"}, **dict.fromkeys(attributes - {"settings"}, True)}
    assert [found.model_dump() for found in active()] == [
        each.model_dump(include=needs) for each in stored_ones
    ]
    assert not any("/docs/*" in str(found) for found in active())
    assert [found.lane for found in active()] == [each.lane for each in stored_ones]
    assert either.generations.paid_waits(browser=False)
    claimed(either, paid)
    assert not either.generations.paid_waits(browser=False)
    assert either.generations.paid_waits(browser=True)
    assert either.generations.take_slot(held, running_limit=10)
    assert either.generations.paid_waits(browser=False)
    assert [found.waiting for found in active()] == [False] * 5
    assert [found.id for found in either.generations.running()] == [paid.id, crawled.id]


@pytest.mark.parametrize("read", range(5))
def test_a_generation_that_is_claimed_during_the_search_is_found(
    read: int, either: Place, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves from one part of the index to another after `read` parts were read."""
    generation = started(either, user, with_website(either, user), paid=False)
    reads: list[list[Item]] = []
    query = Table.query

    def query_and_claim(table: Table, *args: Any, **options: Any) -> Iterator[Item]:
        if len(reads) == read:
            reads.append([])
            claimed(either, generation)
        reads.append(list(query(table, *args, **options)))
        return iter(reads[-1])

    monkeypatch.setattr(Table, "query", query_and_claim)
    assert generation.id in {found.id for found in either.generations.active()}
    assert len(reads) == 6


def test_removing_files_of_a_deleted_generation_stores_nothing(
    either: Place, user: User, website: Website
) -> None:
    done = completed(either, started(either, user, website))
    either.generations.delete(done)
    either.generations.files_removed(done)
    assert stored(either, done) is None


def test_deleted_generation_is_not_in_the_history(either: Place, user: User, website: Website) -> None:
    done = completed(either, started(either, user, website))
    either.generations.delete(done)
    assert stored(either, done) is None
    assert either.generations.history(user.id, limit=10).items == []
    counted = either.users.get(user.id)
    assert counted is not None
    assert (counted.listed_total, counted.completed_count) == (0, 1)
    assert ledger(either, done).used == 1
    with pytest.raises(NotFound):
        either.generations.delete(done)
    counted = either.users.get(user.id)
    assert counted is not None
    assert counted.listed_total == 0


def test_data_of_a_deleted_website_can_be_deleted(either: Place, user: User, website: Website) -> None:
    done = completed(either, started(either, user, website))
    unlocked = either.websites.get_for_user(user.id, website.id)[1]
    assert unlocked is not None
    either.websites.delete(unlocked, now())
    either.generations.delete(done)
    assert stored(either, done) is None
    counted = either.users.get(user.id)
    assert counted is not None
    assert counted.listed_total == 0
    with pytest.raises(NotFound):
        either.generations.delete(done)


def history(place: Place, user: User, **query: object) -> list[str]:
    """Read the history with its cursor, two generations per page."""
    found: list[str] = []
    cursor = None
    for _ in range(20):
        page = place.generations.history(user.id, limit=2, cursor=cursor, **query)  # type: ignore[arg-type]
        assert len(page.items) <= 2
        found += [generation.id for generation in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the history has no end")


def test_the_history_newest_first_by_page_and_by_cursor(either: Place, user: User) -> None:
    websites = [with_website(either, user) for _ in range(2)]
    ids: list[tuple[str, Website, Status]] = []
    for number in range(7):
        website = websites[number % 2]
        generation = started(either, user, website)
        if number % 3:
            completed(either, generation)
        else:
            failed(either, generation)
        ids.insert(0, (generation.id, website, Status.COMPLETED if number % 3 else Status.FAILED))
    stranger = registered(either)
    completed(either, started(either, stranger, with_website(either, stranger)))
    everything = [generation for generation, _, _ in ids]

    assert history(either, user) == everything
    pages = [either.generations.history(user.id, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [[found.id for found in page.items] for page in pages] == [
        everything[:3],
        everything[3:6],
        everything[6:],
        [],
    ]
    assert [page.next_cursor is not None for page in pages] == [True, True, False, False]
    for website in websites:
        expected = [generation for generation, of, _ in ids if of.id == website.id]
        assert history(either, user, website_id=website.id) == expected
        assert history(either, stranger, website_id=website.id) == []
        for status in (Status.COMPLETED, Status.FAILED, Status.PENDING):
            both = [found for found, of, as_ in ids if of.id == website.id and as_ is status]
            assert history(either, user, website_id=website.id, status=status) == both
    running = started(either, user, websites[0])
    reader = either.users.get(user.id)
    assert reader is not None
    ids.insert(0, (running.id, websites[0], Status.PENDING))
    assert either.generations.count(reader) == len(ids)
    for only in (None, *websites):
        for status in (None, *Status):
            matching = [
                found
                for found, of, as_ in ids
                if (only is None or of.id == only.id) and (status is None or as_ is status)
            ]
            website_id = only.id if only else None
            assert either.generations.count(reader, website_id=website_id, status=status) == len(matching)
    assert either.generations.count(reader, website_id=new_id()) == 0
    for status in Status:
        expected = [generation for generation, _, as_ in ids if as_ is status]
        assert history(either, user, status=status) == expected


def test_a_cursor_shows_no_data_of_other_users(either: Place, user: User) -> None:
    for _ in range(3):
        failed(either, started(either, user, with_website(either, user)))
    cursor = either.generations.history(user.id, limit=1).next_cursor
    assert cursor is not None
    stranger = registered(either)
    assert either.generations.history(stranger.id, limit=5, cursor=cursor).items == []


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "!!!!",
        base64.urlsafe_b64encode(b"not json").decode(),
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b"[1, 2]").decode(),
        base64.urlsafe_b64encode(b"[null]").decode(),
        base64.urlsafe_b64encode(b'"ab"').decode(),
        base64.urlsafe_b64encode(b'["x"]').decode(),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_a_forged_cursor_is_refused(either: Place, user: User, cursor: str) -> None:
    with pytest.raises(Invalid):
        either.generations.history(user.id, limit=5, cursor=cursor)
