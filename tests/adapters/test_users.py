from datetime import timedelta

import pytest

from llmready.domain.clock import new_id, now
from llmready.domain.errors import NotFound
from tests.emulator import Place
from tests.people import new_user, registered


def test_an_address_has_one_account(either: Place) -> None:
    user = new_user(email="Jörg@Example.com", full_name="Jörg")
    assert either.users.create(user)
    assert not either.users.create(new_user(email=" jörg@example.COM "))
    assert either.users.get(user.id) == user
    assert either.users.by_email("JÖRG@example.com") == user
    assert either.users.by_email("other@example.com") is None
    assert either.users.get(new_id()) is None


def test_an_account_changes_its_name_and_its_plan(either: Place) -> None:
    user = registered(either, "free")
    later = now() + timedelta(seconds=5)
    renamed = either.users.rename(user.id, "New Name", later)
    assert renamed == user.model_copy(update={"full_name": "New Name", "updated_at": later})
    assert either.users.rename(user.id, None, later).full_name is None
    assert either.users.set_plan(user.id, "pro", later).plan.generations_per_month == 25
    kept = either.users.get(user.id)
    assert kept is not None
    assert (kept.plan_name, kept.full_name, kept.password_hash) == ("pro", None, user.password_hash)


def test_nobody_is_made_by_a_change(either: Place) -> None:
    missing = new_id()
    for change in (
        lambda: either.users.rename(missing, "x", now()),
        lambda: either.users.set_plan(missing, "pro", now()),
    ):
        with pytest.raises(NotFound):
            change()
    assert either.users.get(missing) is None


def test_a_refresh_token_is_good_once_and_its_reuse_revokes_the_family(either: Place) -> None:
    sessions, user, until = either.sessions, new_id(), now() + timedelta(days=30)
    sessions.open(user, "family", "first", until)
    sessions.open(user, "other", "first", until)
    assert sessions.rotate(user, "family", "first", "second", until)
    assert sessions.rotate(user, "family", "second", "third", until)
    assert not sessions.rotate(user, "family", "first", "stolen", until)
    assert not sessions.rotate(user, "family", "third", "fourth", until)
    assert sessions.rotate(user, "other", "first", "second", until)


def test_a_closed_family_is_over(either: Place) -> None:
    sessions, user, until = either.sessions, new_id(), now() + timedelta(days=30)
    sessions.open(user, "family", "first", until)
    sessions.close(user, "family")
    sessions.close(user, "family")
    assert not sessions.rotate(user, "family", "first", "second", until)


def test_no_token_is_stored_in_plain(either: Place) -> None:
    either.sessions.open(new_id(), "family", "a-token-id", now() + timedelta(days=30))
    (item,) = either.dynamodb.scan(TableName=either.name)["Items"]
    assert "a-token-id" not in str(item)
    assert abs(int(item["ttl"]["N"]) - (now() + timedelta(days=30)).timestamp()) < 5
