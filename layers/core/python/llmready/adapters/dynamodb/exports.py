"""All data about a user in the table, in the format of the API."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.pages import first_page
from llmready.adapters.dynamodb.table import Item, Table
from llmready.domain.clock import timestamp
from llmready.domain.errors import Invalid
from llmready.ports.accounts import ExportPage

_AT_ONCE = 2000  # greatest number of records of a page
_CURSOR_LIMIT = 200  # characters

# By prefix of the sort key: the name of the kind, and its exported attributes (others, such as hashes, are not
# exported).
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "PROFILE": (
        "profile",
        (
            "id",
            "email",
            "full_name",
            "plan_name",
            "is_verified",
            "mail_preferences",
            "created_at",
            "updated_at",
        ),
    ),
    keys.SITE: (
        "websites",
        (
            *("id", "url", "name", "description", "include_patterns", "exclude_patterns", "languages"),
            *(
                "max_pages",
                "use_playwright",
                "link_target",
                "timeout",
                "is_active",
                "schedule",
                "last_generated_at",
                "generation_count",
            ),
            *("created_at", "updated_at"),
        ),
    ),
    keys.GENERATION: (
        "generations",
        (
            *("id", "website_id", "website_name", "website_url", "settings", "month", "status", "attempts"),
            *("created_at", "started_at", "completed_at", "pages_crawled", "total_pages", "pages_failed"),
            *("error_code", "error_message", "archive", "expires_at"),
        ),
    ),
    keys.QUOTA: ("quotas", ("month", "taken", "used", "reserved")),
    keys.FAMILY: ("sign_ins", ("id", "opened_at", "expires_at")),
    keys.API_KEY: (
        "api_keys",
        ("id", "name", "last_four", "scopes", "created_at", "expires_at", "last_used_at"),
    ),
    keys.MAIL: ("mails", ("id", "kind", "generation_id", "created_at", "sent_at")),
    keys.MAIL_TOKEN: ("mail_tokens", ("purpose", "expires_at")),
    keys.WEBHOOK: (
        "webhooks",
        (
            *("id", "url", "description", "events", "created_at", "updated_at", "disabled_at"),
            *("disabled_reason", "last_success_at"),
        ),
    ),
    keys.DELIVERY: (
        "webhook_deliveries",
        ("id", "webhook_id", "event", "body", "status", "created_at", "attempts"),
    ),
}


class DynamoExports:
    """Implements :class:`llmready.ports.accounts.Exports`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, user_id: str, cursor: str | None) -> ExportPage:
        """Return the page after ``cursor``. The first page also contains the audit records of the account."""
        records: dict[str, list[dict[str, Any]]] = {kind: [] for kind, _ in _KINDS.values()}
        records["events"] = [] if cursor else self._events(user_id)
        pk = keys.partition(user_id)
        found = self._table.query(
            Key("pk").eq(pk),
            page_size=_AT_ONCE + 1,
            after={"pk": pk, "sk": _place(cursor)} if cursor else None,
        )
        items, more = first_page(found, _AT_ONCE)
        for item in items:
            for prefix, (kind, fields) in _KINDS.items():
                if item["sk"].startswith(prefix):
                    shown = {**item, **_more(item)}
                    records[kind].append({name: shown[name] for name in fields if name in shown})
        return ExportPage(records, _cursor(items[-1]) if more else None)

    def _events(self, user_id: str) -> list[dict[str, Any]]:
        found = self._table.query(Key("pk").eq(keys.audit(user_id, "").pk))
        return [{"event": item["event"], "at": item["at"]} for item in found]


def _more(item: Item) -> Item:
    """Return the exported values that are stored in a key or in another form."""
    prefix, _, rest = item["sk"].partition("#")
    if prefix + "#" == keys.FAMILY:
        return {"id": rest, "expires_at": timestamp(datetime.fromtimestamp(item["ttl"], UTC))}
    if prefix + "#" == keys.MAIL_TOKEN:
        return {"purpose": rest.partition("#")[0]}
    if "archive" in item:
        return {"archive": {name: value for name, value in item["archive"].items() if name != "key"}}
    return {}


def _cursor(item: Item) -> str:
    return base64.urlsafe_b64encode(item["sk"].encode()).decode().rstrip("=")


def _place(cursor: str) -> str:
    """Return the sort key after which to continue. The cursor never selects the partition."""
    invalid = Invalid("cursor", "The cursor is not valid.")
    if len(cursor) > _CURSOR_LIMIT:
        raise invalid
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError):
        raise invalid from None
