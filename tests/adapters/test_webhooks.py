"""Webhook endpoints and deliveries in the table: the lease of a user, and deliveries that are queued."""

from datetime import timedelta

from llmready.adapters.dynamodb.deliveries import DynamoDeliveries
from llmready.adapters.dynamodb.table import Table
from llmready.adapters.dynamodb.webhooks import DynamoWebhooks
from llmready.domain.clock import new_id, now
from llmready.domain.webhooks import EventType, Webhook, new_delivery, new_webhook_secret
from testkit.due_work import due_of
from testkit.emulator import Place

SECOND = timedelta(seconds=1)


def webhook_of(user_id: str) -> Webhook:
    return Webhook(
        id=new_id(),
        user_id=user_id,
        url="https://hooks.example.org",
        events=tuple(EventType),
        secret=new_webhook_secret(),
        created_at=now(),
        updated_at=now(),
    )


def test_one_process_has_the_lease_of_a_user_until_it_ends(either: Place) -> None:
    webhooks, user, time = DynamoWebhooks(Table(either.dynamodb, either.name)), new_id(), now()
    until = time + 30 * SECOND
    assert webhooks.lease(user, time=time, until=until).taken_until is None
    assert webhooks.lease(user, time=time + SECOND, until=until + SECOND).taken_until == until
    assert webhooks.lease(new_id(), time=time, until=until).taken_until is None
    # A process that lost the lease does not end the lease of another one.
    webhooks.release(user, leased_until=until - SECOND, until=time)
    assert webhooks.lease(user, time=time + SECOND, until=until).taken_until == until
    webhooks.release(user, leased_until=until, until=time + SECOND)
    assert webhooks.lease(user, time=time + SECOND, until=until + SECOND).taken_until is None
    assert webhooks.lease(user, time=until + SECOND, until=until + 30 * SECOND).taken_until is None


def test_free_accounts_share_a_lease_and_those_that_used_much_rest(either: Place) -> None:
    webhooks, time = DynamoWebhooks(Table(either.dynamodb, either.name)), now()
    until = time + 30 * SECOND
    assert webhooks.lease_free(time=time, until=until, must_rest=True).taken_until is None
    later = time + 5 * SECOND
    assert webhooks.lease_free(time=later, until=until + SECOND, must_rest=False).taken_until == until
    webhooks.release_free(leased_until=until, until=later, rest_until=later + 5 * SECOND)
    rests = webhooks.lease_free(time=later, until=until + SECOND, must_rest=True)
    assert rests.taken_until == later + 5 * SECOND
    first = webhooks.lease_free(time=later, until=until + SECOND, must_rest=False)
    assert first == (None, later + 5 * SECOND)
    # A process that lost the lease does not end the lease of another one.
    webhooks.release_free(leased_until=until, until=time, rest_until=time)
    again = until + 2 * SECOND
    assert webhooks.lease_free(time=later, until=again, must_rest=False).taken_until == until + SECOND
    assert webhooks.lease_free(time=again, until=again + 30 * SECOND, must_rest=True).taken_until is None


def test_a_pause_does_not_bring_back_a_deleted_endpoint(either: Place) -> None:
    webhooks = DynamoWebhooks(Table(either.dynamodb, either.name))
    webhook = webhook_of(new_id())
    webhooks.pause(webhook, now())
    assert webhooks.get(webhook.user_id, webhook.id) is None


def test_an_entry_that_was_moved_is_not_due_until_then_but_can_be_claimed(either: Place) -> None:
    deliveries, time = DynamoDeliveries(Table(either.dynamodb, either.name)), now()
    delivery = new_delivery(webhook_of(new_id()), "generation.failed", {}, time)
    names = (delivery.user_id, delivery.webhook_id, delivery.id)
    deliveries.put(delivery)
    assert deliveries.has_pending(*names[:2], 1)
    assert not deliveries.has_pending(*names[:2], 2)
    (entry,) = deliveries.due(time)
    assert entry.user_id == delivery.user_id
    deliveries.look_again(entry, time + 60 * SECOND)
    assert list(deliveries.due(time + 59 * SECOND)) == []
    # The time of the next attempt, which the API shows, is unchanged.
    assert due_of(deliveries, time + 61 * SECOND) == [delivery]
    claimed = deliveries.claim(*names, time=time, until=time + SECOND)
    assert claimed is not None
    assert deliveries.claim(*names, time=time, until=time + SECOND) is None
    assert [each.id for each in due_of(deliveries, time + 2 * SECOND)] == [delivery.id]
    # It was read before the claim: moving it comes too late, and a stale entry is not read.
    deliveries.look_again(entry, time + 60 * SECOND)
    assert deliveries.read([entry]) == []
    assert [each.id for each in due_of(deliveries, time + 2 * SECOND)] == [delivery.id]


def test_a_held_delivery_is_not_due_until_it_is_released(either: Place) -> None:
    deliveries, time = DynamoDeliveries(Table(either.dynamodb, either.name)), now()
    delivery = new_delivery(webhook_of(new_id()), "generation.failed", {}, time)
    deliveries.put(delivery)
    deliveries.hold(delivery)
    assert list(deliveries.due(time + timedelta(days=99))) == []
    deliveries.release(delivery.user_id, time + 60 * SECOND)
    assert [each.id for each in due_of(deliveries, time + 60 * SECOND)] == [delivery.id]
