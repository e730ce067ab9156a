"""Reading and writing the table: expressions, transactions and their conflicts."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from llmready.adapters.dynamodb.keys import Key
from llmready.domain.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Write = dict[str, dict[str, Any]]

_CONFLICT_TRIES = 8
_CONFLICT_PAUSE = 0.02  # seconds; doubles with each attempt, with full jitter
_BATCH = 100  # DynamoDB's limit for one BatchGetItem
_WRITE_BATCH = 25  # DynamoDB's limit for one BatchWriteItem
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionInProgressException",
        "TransactionConflictException",
    }
)

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConditionFailed(Exception):
    """The condition of a single write was not met. ``item`` is the stored item, or None."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


class TransactionRefused(Exception):
    """Conditions of a transaction were not met.

    Attributes:
        failed: For each write, in order: None if its condition was met, or the stored item, which may be empty.
    """

    def __init__(self, failed: Sequence[Item | None]) -> None:
        super().__init__("transaction refused")
        self.failed = failed


class Table:
    """The DynamoDB table.

    Args:
        client: A boto3 DynamoDB client.
        name: Name of the table.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Item | None:
        """Return an item, read consistently, or None."""
        with _translated():
            answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key], attributes: Sequence[str] = ()) -> list[Item | None]:
        """Read items consistently, and return them in the order of the given keys. A missing item is None.

        Args:
            keys: Keys of the items.
            attributes: The attributes to return besides the key. A dot separates the names of nested attributes. If
                empty, all attributes are returned.
        """
        request: Any = {"ConsistentRead": True, **_projection(attributes)}
        found: dict[Key, Item] = {}
        for start in range(0, len(keys), _BATCH):
            wanted: list[Any] = [_key(key) for key in dict.fromkeys(keys[start : start + _BATCH])]
            for attempt in range(_CONFLICT_TRIES):
                with _translated():
                    answer = self._client.batch_get_item(
                        RequestItems={self._name: request | {"Keys": wanted}}
                    )
                for raw in answer["Responses"].get(self._name, []):
                    item = _plain(raw)
                    found[Key(item["pk"], item["sk"])] = item
                left = answer["UnprocessedKeys"]
                wanted = list(left[self._name]["Keys"]) if self._name in left else []
                if not wanted:
                    break
                _pause(attempt)
            else:
                raise TryAgain
        return [found.get(key) for key in keys]

    def query(
        self,
        condition: ConditionBase,
        *,
        index: str | None = None,
        newest_first: bool = False,
        after: Item | None = None,
        page_size: int | None = None,
        where: ConditionBase | None = None,
    ) -> Iterator[Item]:
        """Iterate over the items of a query, page by page.

        Args:
            condition: Condition on the key of the table or of ``index``.
            index: Name of an index. An index is read with eventual consistency, the table with strong consistency.
            newest_first: Read the sort keys in descending order.
            after: Key of the item after which to begin.
            page_size: How many items one read may take.
            where: Filter on the items that were read.
        """
        builder = ConditionExpressionBuilder()
        built = builder.build_expression(condition, is_key_condition=True)
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": built.condition_expression,
            "ScanIndexForward": not newest_first,
        }
        names, values = dict(built.attribute_name_placeholders), dict(built.attribute_value_placeholders)
        if where is not None:
            filtered = builder.build_expression(where)
            request["FilterExpression"] = filtered.condition_expression
            names |= filtered.attribute_name_placeholders
            values |= filtered.attribute_value_placeholders
        request["ExpressionAttributeNames"] = names
        request["ExpressionAttributeValues"] = {name: _serialize(value) for name, value in values.items()}
        if index is not None:
            request["IndexName"] = index
        else:
            request["ConsistentRead"] = True
        if page_size is not None:
            request["Limit"] = page_size
        if after is not None:
            request["ExclusiveStartKey"] = {name: _serialize(value) for name, value in after.items()}
        while True:
            with _translated():
                answer = self._client.query(**request)
            yield from (_plain(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, where: ConditionBase) -> Iterator[Item]:
        """Iterate over all items of the table that pass a filter, page by page.

        Args:
            where: Filter on the items. Every item of the table is read and charged.
        """
        built = ConditionExpressionBuilder().build_expression(where)
        request: dict[str, Any] = {
            "TableName": self._name,
            "FilterExpression": built.condition_expression,
            "ExpressionAttributeNames": built.attribute_name_placeholders,
            "ExpressionAttributeValues": {
                name: _serialize(value) for name, value in built.attribute_value_placeholders.items()
            },
        }
        while True:
            with _translated():
                answer = self._client.scan(**request)
            yield from (_plain(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, write: Write) -> Item:
        """Do one write and return the item as it is afterwards (empty after a put or a delete).

        Raises:
            ConditionFailed: Its condition was not met.
        """
        ((kind, request),) = write.items()
        try:
            with _translated():
                if kind == "Put":
                    self._client.put_item(**request)
                    return {}
                if kind == "Delete":
                    self._client.delete_item(**request)
                    return {}
                answer = self._client.update_item(**request, ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            response: Any = error.response
            raise ConditionFailed(_plain(response["Item"]) if "Item" in response else None) from error
        return _plain(answer.get("Attributes", {}))

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all writes or none.

        A conflict with another transaction on the same item is retried with jitter.

        Raises:
            TransactionRefused: Conditions were not met.
            TryAgain: Each attempt conflicted with other transactions.
        """
        request: Any = list(writes)
        for attempt in range(_CONFLICT_TRIES):
            try:
                with _translated():
                    self._client.transact_write_items(TransactItems=request)
            except self._client.exceptions.TransactionCanceledException as error:
                response: Any = error.response
                reasons = response.get("CancellationReasons", [])
                codes = {reason.get("Code", "None") for reason in reasons}
                if "ConditionalCheckFailed" in codes:
                    raise TransactionRefused([_refusal(reason) for reason in reasons]) from error
                if not codes & {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
                    raise
                _pause(attempt)
            else:
                return
        raise TryAgain

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Delete items in batches. Keys that do not exist are ignored."""
        for start in range(0, len(keys), _WRITE_BATCH):
            wanted: list[Any] = [
                {"DeleteRequest": {"Key": _key(key)}} for key in keys[start : start + _WRITE_BATCH]
            ]
            for attempt in range(_CONFLICT_TRIES):
                with _translated():
                    answer = self._client.batch_write_item(RequestItems={self._name: wanted})
                wanted = list(answer["UnprocessedItems"].get(self._name, []))
                if not wanted:
                    break
                _pause(attempt)
            else:
                raise TryAgain

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> Write:
        """Return the write that stores a whole item; None values are left out."""
        stored = {name: _serialize(value) for name, value in item.items() if value is not None}
        return {"Put": self._request({"Item": stored}, condition)}

    def delete(self, key: Key, condition: ConditionBase | None = None) -> Write:
        """Return the write that removes an item."""
        return {"Delete": self._request({"Key": _key(key)}, condition)}

    def update(
        self,
        key: Key,
        *,
        change: Mapping[str, Any] | None = None,
        add: Mapping[str, int] | None = None,
        remove: Iterable[str] = (),
        condition: ConditionBase | None = None,
    ) -> Write:
        """Return the write that changes attributes of an item.

        Args:
            key: Key of the item. A missing item is created unless ``condition`` prevents it.
            change: New values; None removes the attribute.
            add: Amounts to add to numbers. A missing number counts as zero.
            remove: Attributes to remove.
            condition: Condition of the write.
        """
        change = change or {}
        names: dict[str, str] = {}
        values: dict[str, Any] = {}

        def name(attribute: str) -> str:
            return names.setdefault(attribute, f"#u{len(names)}")

        def value(content: Any) -> str:
            placeholder = f":u{len(values)}"
            values[placeholder] = _serialize(content)
            return placeholder

        sets = [f"{name(a)} = {value(content)}" for a, content in change.items() if content is not None]
        removes = [name(a) for a in (*remove, *(a for a, content in change.items() if content is None))]
        adds = [f"{name(a)} {value(content)}" for a, content in (add or {}).items()]
        parts = [("SET", sets), ("REMOVE", removes), ("ADD", adds)]
        expression = " ".join(f"{verb} {', '.join(items)}" for verb, items in parts if items)
        request: dict[str, Any] = {
            "Key": _key(key),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {placeholder: attribute for attribute, placeholder in names.items()},
        }
        if values:
            request["ExpressionAttributeValues"] = values
        return {"Update": self._request(request, condition)}

    def check(self, key: Key, condition: ConditionBase) -> Write:
        """Return a write that changes nothing and only requires a condition."""
        return {"ConditionCheck": self._request({"Key": _key(key)}, condition)}

    def _request(self, request: dict[str, Any], condition: ConditionBase | None) -> dict[str, Any]:
        request["TableName"] = self._name
        if condition is not None:
            built = ConditionExpressionBuilder().build_expression(condition)
            request["ConditionExpression"] = built.condition_expression
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
            request["ExpressionAttributeNames"] = {
                **request.get("ExpressionAttributeNames", {}),
                **built.attribute_name_placeholders,
            }
            values = {
                placeholder: _serialize(value)
                for placeholder, value in built.attribute_value_placeholders.items()
            }
            if values or "ExpressionAttributeValues" in request:
                request["ExpressionAttributeValues"] = {
                    **request.get("ExpressionAttributeValues", {}),
                    **values,
                }
        return request


class _translated:  # noqa: N801 - reads as the statement that it is
    """Turn throttling and lost connections into :class:`TryAgain`; other errors are raised unchanged."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in _BUSY:
            raise TryAgain from error
        if isinstance(error, BotoCoreError):
            raise TryAgain from error


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, _CONFLICT_PAUSE * 2**attempt))  # noqa: S311 - jitter is no secret


def _projection(attributes: Sequence[str]) -> dict[str, Any]:
    if not attributes:
        return {}
    paths = [attribute.split(".") for attribute in ("pk", "sk", *attributes)]
    names = {name: f"#p{number}" for number, name in enumerate(dict.fromkeys(chain(*paths)))}
    return {
        "ProjectionExpression": ", ".join(".".join(names[name] for name in path) for path in paths),
        "ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()},
    }


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _plain(item: Mapping[str, Any]) -> Item:
    return {name: _whole(_deserialize(value)) for name, value in item.items()}


def _whole(value: Any) -> Any:
    """Turn DynamoDB's decimals into the integers that were stored."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_whole(content) for content in value]
    return value


def _refusal(reason: Mapping[str, Any]) -> Item | None:
    if reason.get("Code") != "ConditionalCheckFailed":
        return None
    return _plain(reason.get("Item", {}))
