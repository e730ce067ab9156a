from collections.abc import Callable
from datetime import timedelta

import pytest

from llmready.domain.clock import new_id, now
from llmready.domain.errors import NotFound
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.mail_tokens import LIFETIMES, MailToken, Purpose, read_mail_token
from llmready.ports.accounts import Rotation
from testkit.emulator import Place
from testkit.people import new_user, registered

UNTIL = now() + timedelta(days=30)


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
    assert either.users.set_plan(user, "pro", later, by="ops").plan.generations_per_month == 25
    kept = either.users.get(user.id)
    assert kept is not None
    assert (kept.plan_name, kept.full_name, kept.password_hash) == ("pro", None, user.password_hash)


def test_update_creates_no_account(either: Place) -> None:
    missing = new_id()
    changes: tuple[Callable[[], object], ...] = (
        lambda: either.users.rename(missing, "x", now()),
        lambda: either.users.set_plan(new_user(), "pro", now(), by="ops"),
    )
    for change in changes:
        with pytest.raises(NotFound):
            change()
    assert either.users.get(missing) is None


def opened(place: Place, user_id: str, family: str, token_id: str = "first") -> bool:  # noqa: S107
    user = place.users.get(user_id)
    return place.sessions.open(
        user_id,
        family,
        token_id,
        opened_at=now(),
        expires_at=UNTIL,
        password_hash=user.password_hash if user is not None else "",
    )


def rotated(place: Place, user_id: str, family: str, *tokens: str, grace: int = 0) -> bool:
    old, new = tokens
    rotation = Rotation(old, new, now(), UNTIL, timedelta(seconds=grace))
    return place.sessions.rotate(user_id, family, rotation)


def test_the_previous_token_is_accepted_within_the_grace_period_for_the_same_successor(
    either: Place,
) -> None:
    user = registered(either).id
    opened(either, user, "family")
    assert rotated(either, user, "family", "first", "second", grace=30)
    assert rotated(either, user, "family", "first", "second", grace=30)
    assert rotated(either, user, "family", "second", "third")
    assert not rotated(either, user, "family", "first", "second", grace=30)
    assert not either.sessions.is_open(user, "family", now())


def test_a_refresh_token_works_once_and_reuse_revokes_the_family(either: Place) -> None:
    user = registered(either).id
    assert opened(either, user, "family")
    assert opened(either, user, "other")
    assert rotated(either, user, "family", "first", "second")
    assert rotated(either, user, "family", "second", "third")
    assert not rotated(either, user, "family", "first", "stolen")
    assert not rotated(either, user, "family", "third", "fourth")
    assert rotated(either, user, "other", "first", "second")


def test_closed_family_is_refused(either: Place) -> None:
    sessions, user = either.sessions, registered(either).id
    opened(either, user, "family")
    sessions.close(user, "family")
    sessions.close(user, "family")
    assert not rotated(either, user, "family", "first", "second")


def test_all_families_but_one_can_be_closed(either: Place) -> None:
    user = registered(either).id
    for number in range(30):
        opened(either, user, f"family{number}")
    either.sessions.close_all(user, but="family7")
    good = [n for n in range(30) if rotated(either, user, f"family{n}", "first", "second")]
    assert good == [7]
    either.sessions.close_all(user, but=None)
    assert not rotated(either, user, "family7", "second", "third")


def test_deleted_account_cannot_sign_in(either: Place) -> None:
    user = registered(either)
    assert not opened(either, new_id(), "family")
    assert either.users.mark_deleted(user, now())
    assert not opened(either, user.id, "family")


def test_no_token_is_stored_in_plain(either: Place) -> None:
    user = registered(either).id
    opened(either, user, "family", "a-token-id")
    token = either.mail_tokens.issue(user, Purpose.RESET_PASSWORD, now())
    stored = str(either.dynamodb.scan(TableName=either.name)["Items"])
    assert "a-token-id" not in stored
    assert token not in stored
    assert token[22:] not in stored
    item = next(item for item in either.dynamodb.scan(TableName=either.name)["Items"] if "newest" in item)
    assert abs(int(item["ttl"]["N"]) - UNTIL.timestamp()) < 5


def told(user_id: str) -> OutboxMail:
    return OutboxMail(
        id=new_id(), user_id=user_id, kind=MailKind.PASSWORD_CHANGED, created_at=now(), due_at=now()
    )


def test_mail_token_works_once_for_its_purpose_until_it_expires(either: Place) -> None:
    user, users, time = registered(either), either.users, now()

    def issued(purpose: Purpose) -> MailToken:
        token = read_mail_token(either.mail_tokens.issue(user.id, purpose, time))
        assert token is not None
        return token

    verify, reset = issued(Purpose.VERIFY_EMAIL), issued(Purpose.RESET_PASSWORD)
    late = time + LIFETIMES[Purpose.VERIFY_EMAIL]
    assert not users.verify(reset, time)
    assert not users.reset_password(verify, "hash", told(user.id), time)
    assert not users.verify(verify, late)
    assert not users.verify(verify._replace(user_id=registered(either).id), time)
    assert users.verify(verify, time)
    assert not users.verify(verify, time)
    found = users.get(user.id)
    assert found is not None
    assert (found.is_verified, found.password_hash) == (True, user.password_hash)
    assert users.reset_password(reset, "hash", told(user.id), time)
    assert not users.reset_password(reset, "other", told(user.id), time)
    found = users.get(user.id)
    assert found is not None
    assert (found.password_hash, found.sessions_since) == ("hash", time)


def test_password_change_requires_the_read_password(either: Place) -> None:
    user, users = registered(either), either.users
    assert users.change_password(user, "second", told(user.id), now(), kept_family="mine")
    assert not users.change_password(user, "third", told(user.id), now(), kept_family=None)
    users.rehash(user, "rehashed")
    found = users.get(user.id)
    assert found is not None
    assert (found.password_hash, found.kept_family) == ("second", "mine")


def test_deleted_account_frees_its_address(either: Place) -> None:
    user, users, time = registered(either, email="gone@example.com", full_name="Gone"), either.users, now()
    assert users.mark_deleted(user, time)
    assert not users.mark_deleted(user, time)
    assert users.get(user.id) is None
    assert users.by_email("gone@example.com") is None
    stored = str(either.dynamodb.scan(TableName=either.name)["Items"])
    assert "gone@example.com" not in stored
    assert "Gone" not in stored
    assert users.create(new_user(email="gone@example.com"))
    changes: tuple[Callable[[], object], ...] = (
        lambda: users.rename(user.id, "x", time),
        lambda: users.set_plan(user, "pro", time, by="ops"),
    )
    for change in changes:
        with pytest.raises(NotFound):
            change()
    assert [deletion.user_id for deletion in users.deleted(now())] == [user.id]
    users.postpone_deletion(user.id, time + timedelta(hours=1))
    assert list(users.deleted(now())) == []
    users.remove_mark(user.id)
    users.remove_mark(user.id)
    users.postpone_deletion(user.id, time)
    assert list(users.deleted(time + timedelta(hours=2))) == []


def test_account_data_is_removed_in_parts(either: Place) -> None:
    user, other = registered(either), registered(either)
    for number in range(330):
        opened(either, user.id, f"family{number}")
    opened(either, other.id, "family")
    either.users.mark_deleted(user, now())
    rounds = 0
    while either.users.remove_some(user.id):
        rounds += 1
    assert rounds == 2
    left = [item["pk"]["S"] for item in either.dynamodb.scan(TableName=either.name)["Items"]]
    assert left.count(f"USER#{user.id}") == 1
    assert left.count(f"USER#{other.id}") == 2
