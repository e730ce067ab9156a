"""Every webhook delivery ends, whatever its receiver answers and however its attempts end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.webhooks import RETRIES, Delivery
from llmready.services import Services
from llmready.usecases.send_webhook import requeue_due_deliveries, send_webhook
from testkit.due_work import due_of
from testkit.receiver import Receiver
from testkit.service import Service
from tests.accounts.test_webhooks import create, deliveries, fail

HOUR = timedelta(hours=1)
ODD_DATES = [
    "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
    "Thu, 01 Jan 99999999999 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
]


def _ahead(services: Services, later: timedelta) -> Services:
    return replace(services, clock=lambda: now() + later)


def _pending(services: Services) -> Delivery:
    (delivery,) = due_of(services.deliveries, now() + timedelta(days=99))
    return delivery


@pytest.mark.parametrize("value", ODD_DATES)
def test_a_delivery_ends_after_its_retries_whatever_the_retry_after(
    hooked: Service, receiver: Receiver, value: str
) -> None:
    ada = hooked.confirmed_person("ada.odd@example.org")
    made = create(ada, receiver.url)
    receiver.status, receiver.headers = 500, {"Retry-After": value}
    fail(hooked, ada)
    services = bootstrap.services()
    delivery = _pending(services)
    for attempt in range(len(RETRIES) + 1):
        assert not send_webhook(
            _ahead(services, attempt * 30 * HOUR), ada.id, delivery.webhook_id, delivery.id
        )
    (ended,) = deliveries(ada, made)
    assert (ended["status"], len(ended["attempts"])) == ("failed", len(RETRIES) + 1)
    assert len(receiver.requests) == len(RETRIES) + 1


class _Broken:
    """A sender that raises an error which it should not raise."""

    def post(self, *_: Any) -> Any:
        raise RuntimeError


@pytest.mark.parametrize("pause", [timedelta(minutes=20), timedelta(days=3)], ids=["often", "seldom"])
def test_a_delivery_whose_attempts_have_no_result_is_given_up(
    hooked: Service, receiver: Receiver, pause: timedelta
) -> None:
    ada = hooked.confirmed_person("ada.broken@example.org")
    made = create(ada, receiver.url)
    fail(hooked, ada)
    services = bootstrap.services()
    delivery = _pending(services)
    broken: Any = _Broken()
    failures = 0
    for attempt in range(30):
        ahead = replace(_ahead(services, attempt * pause), webhook_sender=broken)
        try:
            send_webhook(ahead, ada.id, delivery.webhook_id, delivery.id)
        except RuntimeError:
            failures += 1
    assert 1 < failures <= 20
    (ended,) = deliveries(ada, made)
    assert ended["status"] == "failed"
    requeue_due_deliveries(_ahead(services, timedelta(days=99)), until=now() + timedelta(days=100))
    assert due_of(services.deliveries, now() + timedelta(days=99)) == []
    # A user can send it again, with all of its retries.
    later = _ahead(services, timedelta(days=100))
    services.deliveries.start_again(delivery, later.clock())
    assert send_webhook(later, ada.id, delivery.webhook_id, delivery.id)
