from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from llmready.domain.clock import new_id, now
from llmready.domain.mail import MailKind, OutboxMail
from testkit.due_work import due_of
from testkit.emulator import Place

LATER = timedelta(seconds=55)


def put(place: Place, **fields: object) -> OutboxMail:
    usual = {
        "id": new_id(),
        "user_id": new_id(),
        "kind": MailKind.ACCOUNT_EXISTS,
        "created_at": now(),
        "due_at": now(),
    }
    mail = OutboxMail.model_validate({**usual, **fields})
    place.outbox.put(mail)
    return mail


def test_a_mail_is_claimed_once_until_its_lease_ends(either: Place) -> None:
    mail, time = put(either), now()
    claimed = either.outbox.claim(mail.user_id, mail.id, time=time, until=time + LATER)
    assert claimed == mail.model_copy(update={"due_at": time + LATER, "attempts": 1})
    assert either.outbox.claim(mail.user_id, mail.id, time=time, until=time + LATER) is None
    again = either.outbox.claim(mail.user_id, mail.id, time=time + LATER, until=time + 2 * LATER)
    assert again is not None
    assert again.attempts == 2


def test_a_sent_mail_is_never_sent_again(either: Place) -> None:
    mail, time = put(either), now()
    claimed = either.outbox.claim(mail.user_id, mail.id, time=time, until=time + LATER)
    assert claimed is not None
    either.outbox.sent(claimed, time)
    assert either.outbox.claim(mail.user_id, mail.id, time=time + 10 * LATER, until=time + 11 * LATER) is None
    assert due_of(either.outbox, time + 10 * LATER) == []


def test_unknown_mail_cannot_be_claimed(either: Place) -> None:
    time = now()
    user, mail = new_id(), new_id()
    assert either.outbox.claim(user, mail, time=time, until=time + LATER) is None
    assert either.dynamodb.scan(TableName=either.name)["Count"] == 0


def test_due_mails_are_found_oldest_first(either: Place) -> None:
    time = now()
    late = put(either, due_at=time - timedelta(minutes=1))
    later = put(either, due_at=time)
    put(either, due_at=time + LATER)
    assert due_of(either.outbox, time) == [late, later]
    either.outbox.claim(late.user_id, late.id, time=time, until=time + LATER)
    assert due_of(either.outbox, time) == [later]


def test_a_mail_is_claimed_once_by_many(place: Place) -> None:
    mail, time = put(place), now()
    with ThreadPoolExecutor(16) as pool:
        claims = list(
            pool.map(
                lambda _: place.outbox.claim(mail.user_id, mail.id, time=time, until=time + LATER), range(32)
            )
        )
    assert sum(claim is not None for claim in claims) == 1
