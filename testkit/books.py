"""Invariants of a user: one end state per generation, a balanced ledger, unlocked websites, each mail once."""

from collections import Counter

from boto3.dynamodb.conditions import Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.users import user_from
from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import archive_key
from llmready.domain.mail import MailKind, OutboxMail
from testkit.emulator import Place

MAILS = {Status.COMPLETED: MailKind.GENERATION_COMPLETE, Status.FAILED: MailKind.GENERATION_FAILED}


def check_books(place: Place, user_id: str) -> list[Generation]:
    """Assert that the stored items of a user are consistent, and return the user's generations, oldest first."""
    # One consistent read never sees a part of a transaction.
    items = {item["sk"]: item for item in place.table.query(Key("pk").eq(keys.partition(user_id)))}

    def kind(prefix: str) -> list[dict[str, object]]:
        return [item for sk, item in items.items() if sk.startswith(prefix)]

    generations = [Generation.model_validate(item) for item in kind(keys.GENERATION)]
    by_status = Counter(generation.status for generation in generations)

    for month in {generation.month for generation in generations}:
        in_month = [generation for generation in generations if generation.month == month]
        used = sum(generation.status is Status.COMPLETED for generation in in_month)
        reserved = sum(not generation.status.is_final for generation in in_month)
        ledger = place.quotas.get(user_id, month, in_month[0].quota_ledger)
        assert [ledger.taken, ledger.used, ledger.reserved] == [
            used + reserved,
            used,
            reserved,
        ]

    user = user_from(items[keys.profile(user_id).sk])
    assert user is not None
    assert user.running_count == by_status[Status.PENDING] + by_status[Status.PROCESSING]
    assert user.slots_taken == sum(not (g.waiting or g.status.is_final) for g in generations)
    assert user.slots_taken <= user.plan.running or not any(g.waiting for g in generations)
    assert (user.listed_completed, user.listed_failed, user.listed_cancelled) == (
        by_status[Status.COMPLETED],
        by_status[Status.FAILED],
        by_status[Status.CANCELLED],
    )

    open_ = {g.website_id: g.id for g in generations if not g.status.is_final}
    assert len(open_) == user.running_count
    for website in kind(keys.SITE):
        assert website.get("active_generation_id") == open_.get(str(website["id"]))

    mails = [OutboxMail.model_validate(item) for item in kind(keys.MAIL)]
    told = [(mail.generation_id, mail.kind) for mail in mails if mail.generation_id]
    assert sorted(told) == sorted((g.id, MAILS[g.status]) for g in generations if g.status in MAILS)
    return generations


def check_completed(place: Place, generation: Generation) -> Generation:
    """Assert that the only generation of its user was completed once, its archive stored, and return it."""
    (ended,) = check_books(place, generation.user_id)
    assert ended.status is Status.COMPLETED, (ended.error_code, ended.error_message, ended.attempts)
    assert ended.archive is not None
    assert ended.archive.key == archive_key(ended.user_id, ended.id, ended.fence)
    assert ended.archive.key in place.stored_keys()
    return ended
