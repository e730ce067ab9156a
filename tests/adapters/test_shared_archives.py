"""Archives that several generations refer to, in the table."""

from datetime import timedelta

import pytest

from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.errors import Conflict, Gone, LeaseLost
from llmready.domain.generation import Generation, Progress, Status, Trigger
from llmready.domain.generation_files import archive_key
from llmready.domain.user import User
from llmready.domain.website import Website
from testkit.emulator import Place
from testkit.people import claimed, new_generation, registered, with_website


@pytest.fixture
def user(either: Place) -> User:
    return registered(either)


@pytest.fixture
def website(either: Place, user: User) -> Website:
    return with_website(either, user)


def run(place: Place, user: User, website: Website, earlier: Generation | None = None) -> Generation:
    """Store a completed run of a schedule, which refers to the archive of an earlier one or has its own."""
    pending = new_generation(user, website, trigger=Trigger.SCHEDULE)
    held = claimed(place, place.generations.start(pending, quota_limit=10))
    archive = Archive(
        key=archive_key(user.id, held.id, held.fence),
        file_size=1,
        total_files=1,
        sha256="0" * 64,
        content_bytes=1,
        changed=True,
    )
    if earlier is not None and earlier.archive is not None:
        archive = earlier.archive.model_copy(update={"changed": False})
    done = held.completed(time=now() + timedelta(seconds=1), archive=archive, progress=Progress())
    try:
        place.generations.finish(done, None, was=Status.PROCESSING, earlier=earlier)
    except Gone:
        place.generations.finish(held.cancelled(time=now()), None, was=Status.PROCESSING)
        raise
    return done


def stored(place: Place, generation: Generation) -> Generation:
    found = place.generations.get(generation.user_id, generation.id)
    assert found is not None
    return found


def test_a_reference_renews_the_expiry_and_costs_no_quota(
    either: Place, user: User, website: Website
) -> None:
    first = run(either, user, website)
    second = run(either, user, website, first)
    assert stored(either, first).expires_at == second.expires_at
    use = either.quotas.get(user.id, first.month, first.quota_ledger)
    assert (use.used, use.taken, use.reserved) == (1, 1, 0)


def test_archive_is_released_with_the_last_reference(either: Place, user: User, website: Website) -> None:
    first = run(either, user, website)
    second = run(either, user, website, first)
    third = run(either, user, website, second)
    release = either.generations.release_archive
    assert not release(stored(either, second), now())
    assert not release(stored(either, second), now())
    assert not release(stored(either, first), now())
    assert release(stored(either, third), now())
    assert release(stored(either, third), now())


def test_no_run_can_refer_to_a_released_archive(either: Place, user: User, website: Website) -> None:
    first = run(either, user, website)
    assert either.generations.release_archive(first, now())
    with pytest.raises(Gone):
        run(either, user, website, first)
    either.generations.delete(stored(either, first))
    with pytest.raises(Gone):
        run(either, user, website, first)


def test_a_renewed_archive_is_not_released(either: Place, user: User, website: Website) -> None:
    first = run(either, user, website)
    run(either, user, website, first)
    with pytest.raises(Conflict):
        either.generations.release_archive(first, now())


def test_lost_lease_and_lost_archive_raise_different_errors(
    either: Place, user: User, website: Website
) -> None:
    first = run(either, user, website)
    held = claimed(
        either,
        either.generations.start(new_generation(user, website, trigger=Trigger.SCHEDULE), quota_limit=10),
    )
    assert first.archive is not None
    done = held.completed(time=now(), archive=first.archive, progress=Progress())
    either.generations.finish(done, None, was=Status.PROCESSING, earlier=first)
    with pytest.raises(LeaseLost):
        either.generations.finish(done, None, was=Status.PROCESSING, earlier=stored(either, first))


def test_a_run_cannot_refer_to_an_archive_that_the_cleanup_released(
    either: Place, user: User, website: Website
) -> None:
    first = run(either, user, website)
    assert first.expires_at is not None
    assert either.generations.release_archive(first, first.expires_at + timedelta(seconds=1))
    # The cleanup may stop before it deletes the file; it then releases the archive again.
    assert either.generations.release_archive(first, first.expires_at + timedelta(seconds=2))
    with pytest.raises(Gone):
        run(either, user, website, first)
