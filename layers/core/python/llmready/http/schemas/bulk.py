"""Bodies of ``/websites/bulk``."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar, get_args

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, Tag, ValidationError
from pydantic_core import CoreSchema, core_schema

from llmready.http.schemas.common import Answer, FieldError, Request, branch, exactly_one_of
from llmready.http.schemas.websites import WebsiteAnswer, WebsiteBody, WebsiteChange

BULK_LIMIT = 50
T = TypeVar("T")
WebsiteId = Annotated[str, Field(min_length=1, max_length=64)]


class WebsiteItemChange(WebsiteChange):
    """Some fields of the website that ``id`` names."""

    id: WebsiteId


class WebsiteItemDelete(Request):
    """Which website to delete."""

    id: WebsiteId


class BulkItem(Generic[T]):
    """An item that is validated separately. One invalid item then does not make the whole request invalid.

    The OpenAPI text describes it as the type that it is validated against.

    Attributes:
        checked: The valid item, or its validation errors.
    """

    def __init__(self, checked: T | ValidationError) -> None:
        self.checked = checked

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the item's type; its errors become the value."""
        (item,) = get_args(source)
        return core_schema.no_info_wrap_validator_function(cls._check, handler.generate_schema(item))

    @classmethod
    def _check(cls, value: object, validate: Callable[[object], T]) -> "BulkItem[T]":
        try:
            return cls(validate(value))
        except ValidationError as error:
            return cls(error)


def _as_object(item: object) -> object:
    return item if isinstance(item, dict) else {"id": item}


Deletion = Annotated[
    WebsiteItemDelete, BeforeValidator(_as_object, json_schema_input_type=WebsiteItemDelete | WebsiteId)
]
_AtOnce = Field(min_length=1, max_length=BULK_LIMIT)


class BulkCreate(Request):
    """Up to 50 websites to add. Each is added or refused by itself."""

    create: list[BulkItem[WebsiteBody]] = _AtOnce
    update: None = None
    delete: None = None


class BulkUpdate(Request):
    """Up to 50 websites to change. Each is changed or refused by itself."""

    update: list[BulkItem[WebsiteItemChange]] = _AtOnce
    create: None = None
    delete: None = None


class BulkDelete(Request):
    """Up to 50 websites to delete, by their IDs. Each is deleted or refused by itself."""

    delete: list[BulkItem[Deletion]] = _AtOnce
    create: None = None
    update: None = None


BulkBody = Annotated[
    Annotated[BulkCreate, Tag(branch("create"))]
    | Annotated[BulkUpdate, Tag(branch("update"))]
    | Annotated[BulkDelete, Tag(branch("delete"))],
    exactly_one_of("create", "update", "delete"),
]


class BulkError(Answer):
    """Why an item was refused, with the fields of a problem document."""

    code: str = Field(description="A stable code for programs.")
    detail: str = Field(description="A sentence for people.")
    errors: list[FieldError] | None = Field(
        description="Errors of the item's fields; null if every field is valid."
    )


class BulkResult(Answer):
    """The result of one item: the website, or the ID of a deleted one, or why the item was refused."""

    index: int = Field(ge=0, description="Position of the item in the request, from 0.")
    status: int = Field(description="The HTTP status that a separate request for this item would get.")
    id: str | None = Field(description="ID of the website; null for a refused item.")
    website: WebsiteAnswer | None = Field(description="The website as stored; null if deleted or refused.")
    error: BulkError | None = Field(description="Why the item was refused; null if it was not.")


class BulkAnswer(Answer):
    """The result of each item, in the order of the request."""

    results: list[BulkResult]
    succeeded: int = Field(description="Number of items that were stored or deleted.")
    failed: int = Field(description="Number of items that were refused.")
