"""Webhook endpoints in the table. Each is an item in its user's partition."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.outbox import outbox_item
from llmready.adapters.dynamodb.table import ConditionFailed, Item, Table, TransactionRefused
from llmready.adapters.dynamodb.users import is_account
from llmready.domain.clock import timestamp
from llmready.domain.errors import Forbidden, NotFound
from llmready.domain.mail import OutboxMail
from llmready.domain.webhooks import DisabledReason, Webhook
from llmready.ports.webhooks import FreeLease, WebhookLease

# Longer than the time of a user's requests is remembered.
_LEASE_KEPT = timedelta(days=3)


class DynamoWebhooks:
    """Implements :class:`llmready.ports.webhooks.Webhooks`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, webhook: Webhook, *, limit: int) -> None:
        """Store a new endpoint and increment the counter in one transaction."""
        room = Attr("webhook_count").not_exists() | Attr("webhook_count").lt(limit)
        count = self._table.update(
            keys.profile(webhook.user_id), add={"webhook_count": 1}, condition=is_account() & room
        )
        try:
            self._table.transact([count, self._table.put(_item(webhook), Attr("pk").not_exists())])
        except TransactionRefused as refused:
            profile = refused.failed[0]
            if not profile or "deleted_at" in profile:
                raise NotFound("user_not_found", "There is no such account.") from None
            raise Forbidden(
                "plan_limit", f"An account can have at most {limit} webhooks; delete one to create another."
            ) from None

    def get(self, user_id: str, webhook_id: str) -> Webhook | None:
        """Return an endpoint, or None."""
        item = self._table.get(keys.webhook(user_id, webhook_id))
        return Webhook.model_validate(item) if item is not None else None

    def of_user(self, user_id: str) -> list[Webhook]:
        """Return the endpoints of a user, newest first."""
        condition = Key("pk").eq(keys.partition(user_id)) & Key("sk").begins_with(keys.WEBHOOK)
        return [Webhook.model_validate(item) for item in self._table.query(condition, newest_first=True)]

    def replace(self, old: Webhook, new: Webhook) -> bool:
        """Store the fields that a user may change. Return False if the endpoint was changed since it was read."""
        names = (
            *("url", "description", "events", "secret", "previous_secret", "previous_until"),
            *("disabled_at", "disabled_reason", "updated_at"),
        )
        stored = new.model_dump(mode="json")
        disabled = (
            Attr("disabled_at").eq(timestamp(old.disabled_at))
            if old.disabled_at is not None
            else Attr("disabled_at").not_exists()
        )
        write = self._table.update(
            keys.webhook(new.user_id, new.id),
            change={name: stored[name] for name in names},
            condition=Attr("updated_at").eq(timestamp(old.updated_at))
            & Attr("secret").eq(old.secret)
            & disabled,
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return False
        return True

    def delete(self, user_id: str, webhook_id: str) -> bool:
        """Delete an endpoint. Return False if the user has no such endpoint."""
        exists = Attr("pk").exists()
        try:
            self._table.transact(
                [
                    self._table.delete(keys.webhook(user_id, webhook_id), exists),
                    self._table.update(keys.profile(user_id), add={"webhook_count": -1}, condition=exists),
                ]
            )
        except TransactionRefused:
            return False
        return True

    def note_success(self, webhook: Webhook, time: datetime) -> None:
        """Record when an endpoint accepted a delivery; one that was deleted meanwhile stays deleted."""
        self._note(webhook, {"last_success_at": timestamp(time)})

    def _note(self, webhook: Webhook, change: dict[str, str]) -> None:
        write = self._table.update(
            keys.webhook(webhook.user_id, webhook.id), change=change, condition=Attr("pk").exists()
        )
        try:
            self._table.write(write)
        except ConditionFailed:
            return

    def lease(self, user_id: str, *, time: datetime, until: datetime) -> WebhookLease:
        """Take the lease of a user for one request. A user has at most one running request."""
        taken, item = self._lease(keys.webhook_lease(user_id), _is_over("leased_until", time), until)
        return WebhookLease(
            None if taken else _time(item, "leased_until") or until, _time(item, "used_until")
        )

    def release(
        self, user_id: str, *, leased_until: datetime, until: datetime, used_until: datetime | None = None
    ) -> None:
        """Change the end of a lease, unless another process has it."""
        used = {"used_until": timestamp(used_until)} if used_until is not None else {}
        self._release(keys.webhook_lease(user_id), leased_until, {"leased_until": timestamp(until), **used})

    def lease_free(self, *, time: datetime, until: datetime, must_rest: bool) -> FreeLease:
        """Take the lease of all free accounts for one request."""
        condition = _is_over("leased_until", time)
        if must_rest:
            condition &= _is_over("rest_until", time)
        taken, item = self._lease(keys.FREE_WEBHOOKS, condition, until)
        rest_until = _time(item, "rest_until")
        if taken:
            return FreeLease(None, rest_until)
        ends = [_time(item, "leased_until"), rest_until if must_rest else None]
        return FreeLease(max((end for end in ends if end is not None), default=until), rest_until)

    def release_free(self, *, leased_until: datetime, until: datetime, rest_until: datetime) -> None:
        """Change the end of the lease of all free accounts, unless another process has it."""
        change = {"leased_until": timestamp(until), "rest_until": timestamp(rest_until)}
        self._release(keys.FREE_WEBHOOKS, leased_until, change)

    def _lease(self, key: keys.Key, condition: ConditionBase, until: datetime) -> tuple[bool, Item]:
        """Return whether a lease was taken, and its item."""
        change = {"leased_until": timestamp(until), "ttl": int((until + _LEASE_KEPT).timestamp())}
        try:
            return True, self._table.write(self._table.update(key, change=change, condition=condition))
        except ConditionFailed as taken:
            return False, taken.item or {}

    def _release(self, key: keys.Key, leased_until: datetime, change: dict[str, str]) -> None:
        ours = Attr("leased_until").eq(timestamp(leased_until))
        try:
            self._table.write(self._table.update(key, change=change, condition=ours))
        except ConditionFailed:
            return

    def pause(self, webhook: Webhook, until: datetime) -> None:
        """Pause an endpoint until a time. Do nothing if it was deleted in the meantime."""
        self._note(webhook, {"paused_until": timestamp(until)})

    def disable(
        self,
        webhook: Webhook,
        reason: DisabledReason,
        time: datetime,
        *,
        unless_success_since: datetime | None = None,
        mail: OutboxMail | None = None,
    ) -> bool:
        """Disable an active endpoint and store the email about it, or neither."""
        condition = Attr("pk").exists() & Attr("disabled_at").not_exists()
        if unless_success_since is not None:
            condition &= Attr("last_success_at").not_exists() | Attr("last_success_at").lt(
                timestamp(unless_success_since)
            )
        change = {
            "disabled_at": timestamp(time),
            "disabled_reason": reason.value,
            "updated_at": timestamp(time),
        }
        writes = [
            self._table.update(keys.webhook(webhook.user_id, webhook.id), change=change, condition=condition)
        ]
        if mail is not None:
            writes.append(self._table.put(outbox_item(mail), Attr("pk").not_exists()))
        try:
            self._table.transact(writes)
        except TransactionRefused:
            return False
        return True


def _item(webhook: Webhook) -> Item:
    key = keys.webhook(webhook.user_id, webhook.id)
    return {"pk": key.pk, "sk": key.sk, **webhook.model_dump(mode="json", exclude_none=True)}


def _is_over(name: str, time: datetime) -> ConditionBase:
    return Attr(name).not_exists() | Attr(name).lte(timestamp(time))


def _time(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]) if name in item else None
