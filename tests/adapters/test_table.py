"""Behaviour of DynamoDB under load, which the emulators lack, and functions of the table that no other test uses."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as On
from botocore.exceptions import ClientError

from llmready.adapters.dynamodb.keys import Key
from llmready.adapters.dynamodb.table import ConditionFailed, Table, TransactionRefused
from llmready.domain.errors import TryAgain
from testkit.emulator import Emulator, Place
from testkit.people import new_generation, registered, with_website
from testkit.ports import free_port

ONE, TWO = Key("p", "1"), Key("p", "2")


def answering(place: Place, operation: str, *answers: dict[str, Any] | None) -> list[None]:
    """Answer the next calls of an operation with these answers (None: the real one).

    The returned list gets an entry for each call.
    """
    calls: list[None] = []

    def answer(**_: Any) -> tuple[SimpleNamespace, dict[str, Any]] | None:
        calls.append(None)
        planned = answers[len(calls) - 1] if len(calls) <= len(answers) else None
        return None if planned is None else (SimpleNamespace(status_code=400), planned)

    place.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", answer)
    return calls


def error(code: str, **fields: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {}, **fields}


def cancelled(*codes: str) -> dict[str, Any]:
    return error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


CONFLICT = cancelled("None", "TransactionConflict", "None", "None")


@pytest.mark.parametrize(
    "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_conflicting_transaction_is_retried(either: Place, reason: str) -> None:
    user = registered(either)
    generation = new_generation(user, with_website(either, user))
    calls = answering(either, "TransactWriteItems", *[cancelled("None", reason, "None", "None")] * 3)
    either.generations.start(generation, quota_limit=1)
    assert len(calls) == 4
    assert either.generations.get(user.id, generation.id) == generation
    assert either.quotas.get(user.id, generation.month).taken == 1


def test_permanently_conflicting_transaction_fails(either: Place) -> None:
    user = registered(either)
    generation = new_generation(user, with_website(either, user))
    calls = answering(either, "TransactWriteItems", *[CONFLICT] * 50)
    with pytest.raises(TryAgain):
        either.generations.start(generation, quota_limit=1)
    assert len(calls) == 8
    assert either.generations.get(user.id, generation.id) is None
    assert either.quotas.get(user.id, generation.month).taken == 0


def test_a_refusal_beside_a_conflict_is_final(either: Place) -> None:
    write = either.table.put({"pk": "p", "sk": "1"})
    calls = answering(
        either, "TransactWriteItems", cancelled("TransactionConflict", "ConditionalCheckFailed")
    )
    with pytest.raises(TransactionRefused) as refused:
        either.table.transact([write, either.table.put({"pk": "p", "sk": "2"})])
    assert refused.value.failed == [None, {}]
    assert len(calls) == 1


def test_a_transaction_that_is_wrong_is_an_error(either: Place) -> None:
    answering(either, "TransactWriteItems", cancelled("ValidationError"))
    with pytest.raises(ClientError):
        either.table.transact([either.table.put({"pk": "p", "sk": "1"})])


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "TransactionConflictException"],
)
def test_throttled_table_raises_try_again(either: Place, code: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "GetItem": lambda: either.table.get(ONE),
        "PutItem": lambda: either.table.write(either.table.put({"pk": "p", "sk": "1"})),
        "UpdateItem": lambda: either.table.write(either.table.update(ONE, add={"n": 1})),
        "DeleteItem": lambda: either.table.write(either.table.delete(ONE)),
        "BatchGetItem": lambda: either.table.get_many([ONE]),
        "Query": lambda: list(either.table.query(On("pk").eq("p"))),
    }
    for operation, call in calls.items():
        answering(either, operation, *[error(code)] * 5)
        with pytest.raises(TryAgain):
            call()


def test_missing_table_is_an_error(either: Place) -> None:
    with pytest.raises(ClientError):
        Table(either.dynamodb, f"{either.name}-missing").get(ONE)


def test_unreachable_endpoint_raises_try_again() -> None:
    nowhere = Emulator(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TryAgain):
        Table(nowhere.client("dynamodb"), "table").get(ONE)


def test_unprocessed_batch_items_are_requested_again(either: Place) -> None:
    for key in (ONE, TWO):
        either.table.write(either.table.put({"pk": key.pk, "sk": key.sk, "n": int(key.sk)}))
    left: list[int] = [1, 1, 0]

    def leave_out(parsed: dict[str, Any], **_: Any) -> None:
        if left.pop(0):
            items = parsed["Responses"][either.name]
            item = items.pop()
            key = {name: item[name] for name in ("pk", "sk")}
            parsed["UnprocessedKeys"] = {either.name: {"Keys": [key]}}

    either.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", leave_out)
    found = either.table.get_many([TWO, Key("p", "3"), ONE, TWO])
    assert [item and item["n"] for item in found] == [2, None, 1, 2]
    assert left == []


def test_more_than_a_batch_is_read(either: Place) -> None:
    for number in range(130):
        either.table.write(either.table.put({"pk": "p", "sk": f"{number:03}"}))
    found = either.table.get_many([Key("p", f"{number:03}") for number in range(131)])
    assert [item and item["sk"] for item in found] == [f"{number:03}" for number in range(130)] + [None]


def test_a_query_reads_all_pages(either: Place) -> None:
    for number in range(7):
        either.table.write(either.table.put({"pk": "p", "sk": str(number), "even": number % 2 == 0}))
    walked = either.table.query(On("pk").eq("p"), page_size=2, where=Attr("even").eq(value=True))
    assert [item["sk"] for item in walked] == ["0", "2", "4", "6"]
    back = either.table.query(On("pk").eq("p"), newest_first=True, page_size=3, after={"pk": "p", "sk": "5"})
    assert [item["sk"] for item in back] == ["4", "3", "2", "1", "0"]


def test_refused_write_returns_the_stored_item(either: Place) -> None:
    absent = Attr("pk").not_exists()
    either.table.write(either.table.put({"pk": "p", "sk": "1", "n": 5, "list": [1, {"a": None}]}, absent))
    with pytest.raises(ConditionFailed) as refused:
        either.table.write(either.table.put({"pk": "p", "sk": "1"}, absent))
    assert refused.value.item == {"pk": "p", "sk": "1", "n": 5, "list": [1, {"a": None}]}
    with pytest.raises(ConditionFailed) as missing:
        either.table.write(either.table.update(TWO, add={"n": 1}, condition=Attr("pk").exists()))
    assert missing.value.item is None


def test_an_update_changes_adds_and_removes_at_once(either: Place) -> None:
    either.table.write(either.table.put({"pk": "p", "sk": "1", "n": 5, "old": "x", "none": "y"}))
    after = either.table.write(
        either.table.update(
            ONE,
            change={"name": "new", "none": None},
            add={"n": -2, "made": 3},
            remove=["old"],
            condition=Attr("n").eq(5) & Attr("name").not_exists(),
        )
    )
    assert after == {"pk": "p", "sk": "1", "name": "new", "n": 3, "made": 3}


def test_refused_transaction_names_the_failed_condition(either: Place) -> None:
    either.table.write(either.table.put({"pk": "p", "sk": "1", "n": 1}))
    with pytest.raises(TransactionRefused) as refused:
        either.table.transact(
            [
                either.table.check(ONE, Attr("n").eq(1)),
                either.table.update(ONE.__class__("p", "3"), add={"n": 1}),
                either.table.delete(TWO, Attr("pk").exists()),
            ]
        )
    assert refused.value.failed == [None, None, {}]
    assert either.table.get(Key("p", "3")) is None
