"""Webhooks: endpoints in the API, and the events that they get when generations end."""

import base64
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from standardwebhooks import Webhook as Verifier

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.controls import Controls
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Failure, Generation
from llmready.domain.plans import Schedule
from llmready.domain.schedules import FAILURES_UNTIL_OFF
from llmready.domain.webhooks import RETRIES, Attempt, WebhookAnswer, new_delivery
from llmready.ports.webhooks import Deliveries
from llmready.services import Services
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import fail_generation
from llmready.usecases.send_webhook import requeue_due_deliveries, send_webhook
from llmready.usecases.stop_schedule import stop_schedule
from llmready.usecases.suspend_account import resume_account, suspend_account
from testkit.due_work import due_of
from testkit.people import claimed, started, with_website
from testkit.receiver import Receiver
from testkit.service import PASSWORD, Member, Service, use
from testkit.tricks import INSIDE
from tests.functions.test_bad_urls import BAD

NOBODY = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"
EVENTS = [
    *("generation.completed", "generation.failed", "generation.cancelled"),
    "website.schedule_stopped",
]
FIELDS = {
    *("id", "url", "description", "events", "is_active", "disabled_at", "disabled_reason"),
    *("last_success_at", "created_at", "updated_at"),
}


def create(member: Member, url: str, **fields: Any) -> dict[str, Any]:
    answer = member.ask("POST", "/webhooks", {"url": url, **fields})
    assert answer.status == 201, answer.body
    return answer.json


def deliveries(member: Member, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = member.ask("GET", f"/webhooks/{webhook['id']}/deliveries")
    assert answer.status == 200, answer.body
    return list(answer.json["items"])


def running(service: Service, member: Member) -> Generation:
    user = service.place.users.get(member.id)
    assert user is not None
    website = with_website(service.place, user)
    return claimed(service.place, started(service.place, user, website))


def fail(service: Service, member: Member) -> Generation:
    generation = running(service, member)
    fail_generation(bootstrap.services(), generation, Failure(code="no_pages", message="No pages."))
    return generation


def test_a_secret_is_shown_once(service: Service) -> None:
    ada = service.person("ada.hooks@example.org")
    made = create(ada, "https://hooks.example.org/x?y=1", description="Docs")
    assert set(made) == {*FIELDS, "secret"}
    assert (made["events"], made["is_active"], made["description"]) == (EVENTS, True, "Docs")
    prefix, _, key = made["secret"].partition("_")
    assert prefix == "whsec"
    assert 24 <= len(base64.b64decode(key)) <= 64
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert ada.ask("GET", "/webhooks").json["items"] == [shown]
    assert ada.ask("GET", f"/webhooks/{made['id']}").json == shown
    exported = ada.ask("GET", "/auth/me/export")
    assert made["secret"] not in exported.body
    assert exported.json["webhooks"][0]["url"] == made["url"]


def test_a_webhook_is_changed_and_deleted(service: Service) -> None:
    ada = service.person("ada.changes@example.org")
    made = create(ada, "https://hooks.example.org/x", events=["generation.failed"])
    path = f"/webhooks/{made['id']}"
    changed = ada.ask(
        "PATCH",
        path,
        {"url": "https://hooks.example.org/z", "events": ["generation.completed"], "is_active": False},
    ).json
    assert (changed["url"], changed["events"]) == ("https://hooks.example.org/z", ["generation.completed"])
    assert (changed["is_active"], changed["disabled_reason"]) == (False, "by_user")
    assert ada.ask("POST", f"{path}/test").json["code"] == "webhook_disabled"
    again = ada.ask("PATCH", path, {"is_active": True, "description": None}).json
    assert (again["is_active"], again["disabled_at"], again["disabled_reason"]) == (True, None, None)
    refused: list[dict[str, object]] = [
        {"events": []},
        {"events": ["ping"]},
        {"url": None},
        {"secret": "x"},
        {"is_active": "no"},
    ]
    for wrong in refused:
        assert ada.ask("PATCH", path, wrong).status == 422, wrong
    assert ada.ask("DELETE", path).status == 200
    for method, below in (
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")),
        *(("GET", "/deliveries"), ("POST", f"/deliveries/{NOBODY}/retry")),
    ):
        body: dict[str, str] | None = {} if method == "PATCH" else None
        assert ada.ask(method, path + below, body).json["code"] == "webhook_not_found", (method, below)


def test_webhooks_of_others_are_not_found(service: Service) -> None:
    ada, ben = service.person("ada.owner@example.org"), service.person("ben.owner@example.org")
    made = create(ada, "https://hooks.example.org/x")
    assert ben.ask("GET", "/webhooks").json["items"] == []
    for method, below in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")):
        assert ben.ask(method, f"/webhooks/{made['id']}{below}").status == 404


def test_an_account_has_at_most_five_webhooks(service: Service) -> None:
    ada = service.person("ada.five@example.org")
    made = [create(ada, f"https://hooks.example.org/{number}") for number in range(5)]
    refused = ada.ask("POST", "/webhooks", {"url": "https://hooks.example.org/6"})
    assert (refused.status, refused.json["code"]) == (403, "plan_limit")
    ada.ask("DELETE", f"/webhooks/{made[0]['id']}")
    create(ada, "https://hooks.example.org/6")


@pytest.mark.parametrize(
    "url",
    [
        *(url for url in BAD if not isinstance(url, list | dict)),
        *(f"https://{host}/hook" for host in INSIDE),
        "http://hooks.example.org",
    ],
)
def test_every_address_trick_is_refused(service: Service, url: object) -> None:
    ada = _ada(service)
    answer = ada.ask("POST", "/webhooks", {"url": url})
    assert answer.status == 422, answer.body
    assert answer.json["errors"][0]["field"] == "url"


def _ada(service: Service) -> Member:
    return service.person("ada.tricks@example.org")


def test_event_of_an_ended_generation_is_signed_as_the_library_verifies(
    hooked: Service, receiver: Receiver
) -> None:
    ada = hooked.confirmed_person("ada.told@example.org")
    made = create(ada, receiver.url)
    generation = fail(hooked, ada)
    hooked.notify()
    (request,) = receiver.requests
    content = Verifier(made["secret"]).verify(request.body, request.headers)
    assert (content["type"], set(content)) == ("generation.failed", {"type", "timestamp", "data"})
    assert content["data"] == ada.ask("GET", f"/generations/{generation.id}").json
    (delivery,) = deliveries(ada, made)
    assert delivery["id"] == request.headers["webhook-id"]
    assert (delivery["status"], delivery["next_attempt_at"]) == ("succeeded", None)
    assert delivery["payload"] == content
    (attempt,) = delivery["attempts"]
    assert (attempt["status_code"], attempt["response"], attempt["error"]) == (200, "ok", None)
    assert ada.ask("GET", f"/webhooks/{made['id']}").json["last_success_at"] is not None
    assert hooked.mails(ada.address)  # the webhook did not replace the email


def test_each_endpoint_gets_only_its_events(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.events@example.org")
    create(ada, receiver.url + "/all")
    create(ada, receiver.url + "/completed", events=["generation.completed"])
    paused = create(ada, receiver.url + "/paused")
    ada.ask("PATCH", f"/webhooks/{paused['id']}", {"is_active": False})
    cancel_generation(bootstrap.services(), running(hooked, ada))
    hooked.notify()
    (request,) = receiver.requests
    assert request.path == "/hooks/all"
    content = json.loads(request.body)
    assert (content["type"], content["data"]["status"]) == ("generation.cancelled", "cancelled")


def test_stopped_schedule_sends_an_event(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.schedule@example.org")
    create(ada, receiver.url, events=["website.schedule_stopped"])
    user = hooked.place.users.get(ada.id)
    assert user is not None
    website = with_website(
        hooked.place,
        user,
        schedule=Schedule.DAILY,
        schedule_failures=FAILURES_UNTIL_OFF,
        failed_run_id=fail(hooked, ada).id,
    )
    assert stop_schedule(bootstrap.services(), website)
    hooked.notify()
    (request,) = receiver.requests
    content = json.loads(request.body)
    assert content["type"] == "website.schedule_stopped"
    assert content["data"] == ada.ask("GET", f"/websites/{website.id}").json
    assert (content["data"]["schedule"], content["data"]["next_run_at"]) == ("off", None)


def test_event_of_a_deleted_generation_is_still_sent(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.gone@example.org")
    create(ada, receiver.url)
    generation = fail(hooked, ada)
    assert ada.ask("DELETE", f"/generations/{generation.id}").status == 200
    hooked.notify()
    assert json.loads(receiver.requests[0].body)["data"]["id"] == generation.id


def test_a_test_sends_a_ping(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.pings@example.org")
    made = create(ada, receiver.url)
    answer = ada.ask("POST", f"/webhooks/{made['id']}/test")
    assert answer.status == 202
    hooked.notify()
    (request,) = receiver.requests
    assert Verifier(made["secret"]).verify(request.body, request.headers)["type"] == "ping"
    assert request.headers["webhook-id"] == answer.json["delivery_id"]


def test_tests_and_retries_need_a_confirmed_address(hooked: Service, receiver: Receiver) -> None:
    eve = hooked.person("eve.unconfirmed@example.org")
    made = create(eve, receiver.url)
    fail(hooked, eve)
    hooked.notify()
    (delivery,) = deliveries(eve, made)
    for path in ("test", f"deliveries/{delivery['id']}/retry"):
        refused = eve.ask("POST", f"/webhooks/{made['id']}/{path}")
        assert (refused.status, refused.json["code"]) == (403, "email_not_verified")
    hooked.notify()
    assert receiver.requests == []


def test_events_of_an_unconfirmed_account_are_not_sent_until_it_asks_after_confirming(
    hooked: Service, receiver: Receiver
) -> None:
    eve = hooked.person("eve.later@example.org")
    made = create(eve, receiver.url)
    fail(hooked, eve)
    hooked.notify()
    _dispatch_deliveries(timedelta(minutes=20))
    hooked.notify()
    assert receiver.requests == []
    (missed,) = deliveries(eve, made)
    assert (missed["status"], missed["next_attempt_at"]) == ("failed", None)
    assert "not confirmed" in missed["attempts"][0]["error"]
    assert eve.ask("GET", f"/webhooks/{made['id']}").json["is_active"] is True
    token = {"token": hooked.token_for(eve.address)}
    assert hooked.ask("POST", "/auth/verify-email", token).status == 200
    fail(hooked, eve)
    hooked.notify()
    assert len(receiver.requests) == 1
    assert eve.ask("POST", f"/webhooks/{made['id']}/deliveries/{missed['id']}/retry").status == 202
    hooked.notify()
    assert receiver.ids[1:] == [missed["id"]]


def test_a_ping_is_sent_once_and_its_failure_disables_nothing(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.once@example.org")
    made = create(ada, receiver.url)
    receiver.status = 500
    ada.ask("POST", f"/webhooks/{made['id']}/test")
    hooked.notify()
    _run_ahead(monkeypatch, bootstrap.services(), timedelta(days=1))
    _dispatch_deliveries()
    hooked.notify()
    assert len(receiver.requests) == 1
    (delivery,) = deliveries(ada, made)
    assert (delivery["status"], delivery["next_attempt_at"]) == ("failed", None)
    assert ada.ask("GET", f"/webhooks/{made['id']}").json["is_active"] is True


def test_a_blocked_host_gets_no_webhooks(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.blocked@example.org")
    made = create(ada, receiver.url)
    fixed = SimpleNamespace(get=lambda: Controls(blocked_hosts=("127.0.0.1",)))
    use(monkeypatch, controls=fixed)
    fail(hooked, ada)
    hooked.notify()
    assert receiver.requests == []
    (delivery,) = deliveries(ada, made)
    assert delivery["status"] == "failed"
    assert "operator" in delivery["attempts"][0]["error"]
    for answer in (
        ada.ask("POST", "/webhooks", {"url": receiver.url}),
        ada.ask("PATCH", f"/webhooks/{made['id']}", {"url": receiver.url + "/other"}),
    ):
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "url")


def test_a_user_has_one_running_webhook_request(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second delivery is postponed and does not occupy a notifier."""
    ada = hooked.confirmed_person("ada.lease@example.org")
    made = create(ada, receiver.url)
    fail(hooked, ada)
    fail(hooked, ada)
    services = bootstrap.services()
    first, second = due_of(services.deliveries, now() + timedelta(minutes=1))
    began: list[bool] = []
    sender = services.webhook_sender

    class Nested:
        def post(self, *parts: Any) -> WebhookAnswer:
            began.append(send_webhook(services, ada.id, made["id"], second.id))
            return sender.post(*parts)

    assert send_webhook(replace(services, webhook_sender=Nested()), ada.id, made["id"], first.id)
    assert (began, receiver.ids) == ([False], [first.id])
    assert {delivery["status"] for delivery in deliveries(ada, made)} == {"succeeded", "pending"}
    waiting = next(each for each in deliveries(ada, made) if each["status"] == "pending")
    assert waiting["attempts"] == []
    _run_ahead(monkeypatch, services, timedelta(seconds=10))
    assert send_webhook(bootstrap.services(), ada.id, made["id"], second.id)
    assert receiver.ids == [first.id, second.id]


def test_an_endpoint_that_hangs_is_paused(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = (
        hooked.confirmed_person("ada.hangs@example.org"),
        hooked.confirmed_person("ben.waits@example.org"),
    )
    made = create(ada, receiver.url + "/ada")
    create(ben, receiver.url + "/ben")
    services = bootstrap.services()
    asked: list[str] = []

    class Hanging:
        def post(self, url: str, *_: Any) -> WebhookAnswer:
            asked.append(url.rpartition("/")[2])
            return WebhookAnswer(duration_ms=15_000, error="Too late.", timed_out=True)

    use(monkeypatch, webhook_sender=Hanging())
    for _ in range(5):
        fail(hooked, ada)
    fail(hooked, ben)
    hooked.notify()
    assert sorted(asked) == ["ada", "ben"]
    _run_ahead(monkeypatch, bootstrap.services(), timedelta(seconds=45))
    _dispatch_deliveries(timedelta(minutes=1))
    hooked.notify()
    assert sorted(asked) == ["ada", "ben"]
    _run_ahead(monkeypatch, services, timedelta(seconds=150))
    _dispatch_deliveries()
    hooked.notify()
    assert receiver.requests
    assert all(len(delivery["attempts"]) <= 2 for delivery in deliveries(ada, made))


def test_deliveries_that_wait_in_the_queue_are_not_queued_again(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.queue@example.org")
    create(ada, receiver.url)
    for _ in range(3):
        fail(hooked, ada)
    for minute in range(1, 6):
        _dispatch_deliveries(timedelta(minutes=minute))
    counted = hooked.place.sqs.get_queue_attributes(
        QueueUrl=hooked.place.webhook_queue_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    # Each was sent when it was stored, and once more because it was not attempted.
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "6"
    _dispatch_deliveries(timedelta(minutes=20))
    hooked.place.sqs.purge_queue(QueueUrl=hooked.place.webhook_queue_url)
    _dispatch_deliveries(timedelta(minutes=40))
    hooked.notify()
    assert len(receiver.requests) == 3


def test_tests_and_retries_are_refused_while_many_deliveries_are_pending(
    hooked: Service, receiver: Receiver
) -> None:
    ada = hooked.confirmed_person("ada.many@example.org")
    made = create(ada, receiver.url)
    assert ada.ask("POST", f"/webhooks/{made['id']}/test").status == 202
    hooked.notify()
    (ended,) = deliveries(ada, made)
    services = bootstrap.services()
    webhook = services.webhooks.get(ada.id, made["id"])
    assert webhook is not None
    for _ in range(50):
        pending = new_delivery(webhook, "generation.failed", {}, services.clock())
        services.deliveries.put(pending)
    for path in ("test", f"deliveries/{ended['id']}/retry"):
        refused = ada.ask("POST", f"/webhooks/{made['id']}/{path}")
        assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) > 0
    # A retry of a pending delivery adds none, and events of generations are always stored.
    assert ada.ask("POST", f"/webhooks/{made['id']}/deliveries/{pending.id}/retry").status == 202
    fail(hooked, ada)
    page = ada.ask("GET", f"/webhooks/{made['id']}/deliveries?per_page=100").json["items"]
    assert sum(delivery["status"] == "pending" for delivery in page) == 51


def test_after_a_rotation_both_secrets_sign_for_a_day(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.rotates@example.org")
    made = create(ada, receiver.url)
    rotated = ada.ask("POST", f"/webhooks/{made['id']}/rotate-secret")
    assert rotated.status == 200
    old, new = made["secret"], rotated.json["secret"]
    assert old != new
    fail(hooked, ada)
    hooked.notify()
    signatures = receiver.requests[0].headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for secret in (old, new):
        Verifier(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    _run_ahead(monkeypatch, bootstrap.services(), timedelta(hours=25))
    fail(hooked, ada)
    hooked.notify()
    assert len(receiver.requests[1].headers["webhook-signature"].split(" ")) == 1


def test_a_failing_endpoint_is_retried_under_one_id_and_disabled_in_the_end(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.fails@example.org")
    made = create(ada, receiver.url)
    receiver.status = 500
    fail(hooked, ada)
    hooked.notify()
    services, later = bootstrap.services(), timedelta()
    for number, pause in enumerate(RETRIES, start=1):
        (delivery,) = deliveries(ada, made)
        assert (delivery["status"], len(delivery["attempts"])) == ("pending", number)
        # The pause is not shorter than requested.
        _run_ahead(monkeypatch, services, later + pause * 0.9)
        _dispatch_deliveries()
        hooked.notify()
        assert len(receiver.requests) == number
        later += pause * 1.2 + timedelta(minutes=2)
        _run_ahead(monkeypatch, services, later)
        _dispatch_deliveries()
        hooked.notify()
        assert len(receiver.requests) == number + 1
    assert len(set(receiver.ids)) == 1
    assert len({request.body for request in receiver.requests}) == 1
    (delivery,) = deliveries(ada, made)
    assert (delivery["status"], len(delivery["attempts"])) == ("failed", len(RETRIES) + 1)
    assert delivery["attempts"][0]["error"] == "The endpoint answered 500."
    state = ada.ask("GET", f"/webhooks/{made['id']}").json
    assert (state["is_active"], state["disabled_reason"]) == (False, "failing")
    mail = hooked.mails(ada.address)[-1]
    assert "your webhook was disabled" in mail["Subject"]
    assert "your webhook on 127.0.0.1 was disabled" in mail["BodyText"]


def test_an_endpoint_that_accepts_others_stays_active(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.some@example.org")
    made = create(ada, receiver.url)
    receiver.status = 500
    fail(hooked, ada)
    hooked.notify()
    services, later = bootstrap.services(), timedelta()
    for pause in RETRIES:
        receiver.status = 200
        fail(hooked, ada)
        hooked.notify()
        receiver.status = 500
        later += pause * 1.2 + timedelta(minutes=2)
        _run_ahead(monkeypatch, services, later)
        _dispatch_deliveries()
        hooked.notify()
    assert deliveries(ada, made)[-1]["status"] == "failed"
    assert ada.ask("GET", f"/webhooks/{made['id']}").json["is_active"] is True


def test_the_first_retry_does_not_wait_for_the_dispatcher(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.soon@example.org")
    create(ada, receiver.url)
    receiver.status = 503
    sent: list[float] = []
    queue = bootstrap.services().webhook_queue

    class Noting:
        send_many = staticmethod(queue.send_many)

        def send(self, delivery: Any, *, delay: timedelta = timedelta()) -> None:
            sent.append(delay.total_seconds())
            queue.send(delivery)

    use(monkeypatch, webhook_queue=Noting())
    fail(hooked, ada)
    hooked.notify()
    assert sent[0] == 0
    assert 5 <= sent[1] <= 7.5


def test_retry_after_is_respected(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.waits@example.org")
    made = create(ada, receiver.url)
    receiver.status, receiver.headers = 429, {"Retry-After": "3600"}
    before = now()
    fail(hooked, ada)
    hooked.notify()
    (delivery,) = deliveries(ada, made)
    assert delivery["next_attempt_at"] >= (before + timedelta(seconds=3600)).isoformat()[:19]


def test_deliveries_that_shall_come_at_the_same_time_are_spread(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = hooked.confirmed_person("ada.together@example.org")
    made = create(ada, receiver.url)
    receiver.status, receiver.headers = 500, {"Retry-After": "600"}
    queue = bootstrap.services().webhook_queue
    delays: list[timedelta] = []

    class Noting:
        """Notes the delays of messages."""

        def send(self, delivery: Any, *, delay: timedelta = timedelta()) -> None:
            delays.append(delay)
            queue.send(delivery)

    use(monkeypatch, webhook_queue=Noting())
    before = now()
    for chance in (0.0, 0.5, 1.0):
        monkeypatch.setattr(random, "random", lambda chance=chance: chance)
        fail(hooked, ada)
        hooked.notify()
    # The dispatcher queues them later, with a share for each user.
    assert delays == [timedelta()] * 3
    due = sorted(
        datetime.fromisoformat(delivery["next_attempt_at"]) - before for delivery in deliveries(ada, made)
    )
    wanted = (600, 660, 720)
    assert [round(pause.total_seconds()) // 30 for pause in due] == [seconds // 30 for seconds in wanted]


def test_410_disables_the_endpoint(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.410@example.org")
    made = create(ada, receiver.url)
    receiver.status = 410
    fail(hooked, ada)
    hooked.notify()
    state = ada.ask("GET", f"/webhooks/{made['id']}").json
    assert (state["is_active"], state["disabled_reason"]) == (False, "gone")
    fail(hooked, ada)
    hooked.notify()
    assert len(receiver.requests) == 1


def test_a_delivery_is_retried_by_hand(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.hand@example.org")
    made = create(ada, receiver.url)
    receiver.status = 500
    fail(hooked, ada)
    hooked.notify()
    (delivery,) = deliveries(ada, made)
    receiver.status = 204
    receiver.body = b""
    path = f"/webhooks/{made['id']}/deliveries/{delivery['id']}/retry"
    assert ada.ask("POST", path).status == 202
    hooked.notify()
    (done,) = deliveries(ada, made)
    assert (done["status"], len(done["attempts"])) == ("succeeded", 2)
    assert receiver.ids == [delivery["id"]] * 2
    missing = ada.ask("POST", f"/webhooks/{made['id']}/deliveries/{NOBODY}/retry")
    assert missing.json["code"] == "delivery_not_found"


def test_deliveries_are_listed_newest_first_in_pages(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.pages@example.org")
    made, other = create(ada, receiver.url), create(ada, receiver.url + "/other")
    for _ in range(5):
        ada.ask("POST", f"/webhooks/{made['id']}/test")
    ada.ask("POST", f"/webhooks/{other['id']}/test")
    seen, cursor = [], ""
    while True:
        page = ada.ask("GET", f"/webhooks/{made['id']}/deliveries?per_page=2{cursor}").json
        seen += [delivery["id"] for delivery in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert (len(seen), seen) == (5, sorted(seen, reverse=True))


def test_only_the_newest_attempts_keep_their_answers(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.answers@example.org")
    made = create(ada, receiver.url)
    receiver.status = 500
    fail(hooked, ada)
    services = bootstrap.services()
    (delivery,) = due_of(services.deliveries, now() + timedelta(minutes=1))
    for number in range(5):
        receiver.body = f"answer {number}".encode()
        services.deliveries.start_again(delivery, now())
        send_webhook(services, ada.id, made["id"], delivery.id)
    attempts = deliveries(ada, made)[0]["attempts"]
    assert [attempt["response"] for attempt in attempts] == [None, None, "answer 2", "answer 3", "answer 4"]


def test_pages_of_deliveries_stay_below_lambdas_limit(service: Service) -> None:
    """The deliveries have the maximum stored length, and each of their characters needs six bytes in JSON."""
    ada = service.person("ada.long@example.org")
    made = create(ada, "https://hooks.example.org")
    services = bootstrap.services()
    webhook = services.webhooks.get(ada.id, made["id"])
    assert webhook is not None
    attempt = Attempt(at=now(), status_code=500, duration_ms=3, response="\ufffd" * 1024, error="No.")
    for _ in range(100):
        delivery = new_delivery(webhook, "generation.failed", {"error": "\x01" * 1024}, now())
        services.deliveries.put(delivery.model_copy(update={"attempts": (attempt,) * 20}))
    for path, kind in (
        (f"/webhooks/{made['id']}/deliveries?per_page=100", "items"),
        ("/auth/me/export?", "webhook_deliveries"),
    ):
        found: list[str] = []
        cursor = ""
        while True:
            answer = ada.ask("GET", path + cursor)
            assert len(json.dumps({"statusCode": 200, "body": answer.body})) < 6_000_000
            found += [delivery["id"] for delivery in answer.json[kind]]
            if answer.json["next_cursor"] is None:
                break
            cursor = f"&cursor={answer.json['next_cursor']}"
        assert (len(found), len(set(found))) == (100, 100)


def test_suspended_account_gets_no_webhooks_until_it_is_resumed(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.suspended@example.org")
    create(ada, receiver.url)
    running(hooked, ada)
    user = hooked.place.users.get(ada.id)
    assert user is not None
    suspend_account(bootstrap.services(), user, by="test")
    hooked.notify()
    assert receiver.requests == []
    resume_account(bootstrap.services(), user, by="test")
    _dispatch_deliveries(timedelta(minutes=1))
    hooked.notify()
    (request,) = receiver.requests
    assert json.loads(request.body)["type"] == "generation.cancelled"


def test_deleted_account_gets_no_webhooks(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.deleted@example.org")
    create(ada, receiver.url)
    fail(hooked, ada)
    running(hooked, ada)
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    hooked.notify()
    _dispatch_deliveries(timedelta(minutes=10))
    hooked.notify()
    assert receiver.requests == []
    assert "whsec_" not in str(hooked.items())


def test_a_delivery_whose_message_was_lost_is_sent_by_the_dispatcher(
    hooked: Service, receiver: Receiver
) -> None:
    ada = hooked.confirmed_person("ada.lost@example.org")
    create(ada, receiver.url)
    generation = fail(hooked, ada)
    hooked.place.sqs.purge_queue(QueueUrl=hooked.place.webhook_queue_url)
    _dispatch_deliveries(timedelta(minutes=1))
    hooked.notify()
    (request,) = receiver.requests
    assert json.loads(request.body)["data"]["id"] == generation.id


def test_duplicate_messages_send_one_request(hooked: Service, receiver: Receiver) -> None:
    ada = hooked.confirmed_person("ada.twice@example.org")
    create(ada, receiver.url)
    fail(hooked, ada)
    _dispatch_deliveries(timedelta(minutes=1))
    hooked.notify()
    assert len(receiver.requests) == 1


def _dispatch_deliveries(later: timedelta = timedelta()) -> None:
    """Run what the dispatcher does for deliveries each minute, ``later`` than now."""
    services = bootstrap.services()
    time = services.clock() + later
    requeue_due_deliveries(replace(services, clock=lambda: time), until=time + timedelta(minutes=1))


def _run_ahead(monkeypatch: pytest.MonkeyPatch, services: Services, later: timedelta) -> None:
    """Move the service's clock forward by ``later``."""
    ahead = replace(services, clock=lambda: now() + later)
    monkeypatch.setattr(bootstrap, "services", lambda: ahead)


def test_a_notifier_that_dies_after_sending_sends_again_under_the_same_id(
    hooked: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this case the result of the attempt is unknown, and a second request is better than none."""
    ada = hooked.confirmed_person("ada.dies@example.org")
    made = create(ada, receiver.url)
    fail(hooked, ada)
    services = bootstrap.services()
    (delivery,) = due_of(services.deliveries, now() + timedelta(minutes=1))

    class Dying:
        claim = staticmethod(services.deliveries.claim)

        def end(self, *_: object) -> None:
            raise TryAgain

    with pytest.raises(TryAgain):
        send_webhook(
            replace(services, deliveries=cast("Deliveries", Dying())), ada.id, made["id"], delivery.id
        )
    assert not send_webhook(services, ada.id, made["id"], delivery.id)  # the lease of the first is not over
    assert len(receiver.requests) == 1
    _run_ahead(monkeypatch, services, timedelta(minutes=2))
    _dispatch_deliveries()
    hooked.notify()
    assert receiver.ids == [delivery.id] * 2
    assert deliveries(ada, made)[0]["status"] == "succeeded"
