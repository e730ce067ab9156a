"""The index or table that each list of generations is read from, and the cursors of the lists."""

import base64
import binascii
import json
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.generations.items import index_key
from llmready.adapters.dynamodb.table import Item
from llmready.domain.clock import is_id
from llmready.domain.errors import Invalid
from llmready.domain.generation import Status

_CURSOR_LIMIT = 100  # characters


class Place(NamedTuple):
    """The index or table with the generations of a filter.

    Every key contains the user's ID, so no filter reads other users' data.
    """

    index_name: str | None
    condition: ConditionBase
    key: Item
    """The part of an index entry's key that all entries of the filter share."""

    @classmethod
    def of(
        cls, user_id: str, website_id: str | None, status: Status | None, *, skips: bool = False
    ) -> "Place":
        """Choose where to read. A list that skips entries reads them from an index, where entries are small."""
        if website_id is None and status is None:
            all_of_them = Key("sk").begins_with(keys.GENERATION)
            if skips:
                return cls(keys.BY_USER_INDEX, Key("user_id").eq(user_id) & all_of_them, {"user_id": user_id})
            return cls(None, Key("pk").eq(keys.partition(user_id)) & all_of_them, {})
        if status is None:
            index, name = keys.BY_WEBSITE_INDEX, "user_website"
        elif website_id is None:
            index, name = keys.BY_STATUS_INDEX, "user_status"
        else:
            index, name = keys.BY_WEBSITE_STATUS_INDEX, "website_status"
        value = index_key(*(part for part in (user_id, website_id, status) if part is not None))
        return cls(index, Key(name).eq(value), {name: value})


def cursor_after(item: Item) -> str:
    """Return an opaque cursor for the position of an item in a list."""
    generation_id = str(item["sk"]).removeprefix(keys.GENERATION)
    return base64.urlsafe_b64encode(json.dumps([generation_id]).encode()).decode().rstrip("=")


def position_of(cursor: str | None, user_id: str, place: Place) -> dict[str, Any] | None:
    """Return the key after which a list continues.

    The cursor contains only an ID. The user and the filter come from the request, so a forged cursor cannot show
    data of other users.
    """
    if cursor is None:
        return None
    generation_id = _cursor_id(cursor)
    key = keys.generation(user_id, generation_id)
    position: dict[str, Any] = {"pk": key.pk, "sk": key.sk}
    if place.index_name is not None:
        position |= {**place.key, "generation_id": generation_id}
    return position


def _cursor_id(cursor: str) -> str:
    invalid = Invalid("cursor", "The cursor is not valid.")
    if len(cursor) > _CURSOR_LIMIT:
        raise invalid
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise invalid from None
    match content:
        case [str(generation_id)] if is_id(generation_id):
            return generation_id
    raise invalid
