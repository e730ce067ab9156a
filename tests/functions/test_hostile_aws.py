"""Behaviour of the service when AWS is eventually consistent, throttles or refuses requests."""

import json

import pytest

from llmready import bootstrap
from llmready.adapters.dynamodb import keys
from llmready.adapters.mail.ses import SesMailer
from llmready.domain.clock import now
from llmready.domain.generation import Status
from testkit.emulator import Place
from testkit.hostile_aws import frozen_index, hot_partition, no_concurrency, sandbox
from testkit.people import queued, with_website
from testkit.service import use
from tests.functions.member import member
from tests.functions.test_dispatcher import Cluster
from tests.functions.test_mail import deliver, failed_mail

TRANSACTION, READ = "TransactWriteItems", "BatchGetItem"


@pytest.fixture
def cluster(place: Place) -> Cluster:
    return Cluster(place)


# Stale reads of an index


def test_a_generation_that_the_index_does_not_show_yet_is_found_by_the_next_round(
    place: Place, cluster: Cluster
) -> None:
    queued(place)
    with frozen_index(place.dynamodb, "due"):
        (blind,) = cluster.dispatch()
    (seeing,) = cluster.dispatch()
    assert (blind.tasks_started, seeing.tasks_started) == (0, 1)


def test_an_ended_generation_in_a_stale_index_is_ignored(place: Place, cluster: Cluster) -> None:
    generation = queued(place)
    due = {":kind": {"S": "active"}}
    snapshot = place.dynamodb.query(
        TableName=place.name,
        IndexName="due",
        KeyConditionExpression="due_kind = :kind",
        ExpressionAttributeValues=due,
    )
    assert snapshot["Count"] == 1
    ended = generation.model_copy(update={"status": Status.CANCELLED, "completed_at": now()})
    place.generations.finish(ended, None, was=Status.PENDING)
    with frozen_index(place.dynamodb, "due", dict(snapshot)):
        (round_,) = cluster.dispatch()
    assert (round_.tasks_started, round_.resent) == (0, 0)
    stored = place.generations.get(generation.user_id, generation.id)
    assert stored is not None
    assert stored.status is Status.CANCELLED


# Throttling


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("operation", [TRANSACTION, READ])
def test_a_hot_partition_is_answered_with_try_again_and_takes_no_quota(place: Place, operation: str) -> None:
    ada = member(place)
    website = with_website(place, ada.user)
    client = bootstrap.client("dynamodb")
    with hot_partition(client, operation):
        answer = ada.raw("POST", "/generations/start", {"website_id": website.id})
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["code"] == "try_again"
    assert int(answer["headers"]["Retry-After"]) >= 1
    status, started = ada.ask("POST", "/generations/start", {"website_id": website.id})
    assert (status, started["status"]) == (202, "pending")


@pytest.mark.usefixtures("calls")
def test_a_start_is_accepted_although_lambda_cannot_run_the_dispatcher(
    place: Place, cluster: Cluster
) -> None:
    ada = member(place)
    website = with_website(place, ada.user)
    with no_concurrency(bootstrap.client("lambda")) as refused:
        status, _ = ada.ask("POST", "/generations/start", {"website_id": website.id})
    assert status == 202
    assert refused
    # The schedule of each minute starts the task.
    (round_,) = cluster.dispatch()
    assert round_.tasks_started == 1


# SES's sandbox


@pytest.mark.usefixtures("calls")
def test_a_mail_that_the_sandbox_refuses_is_not_retried(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, mail_id = failed_mail(place)
    client = place.emulator.client("sesv2")
    use(monkeypatch, mailer=SesMailer(client, "no-reply@example.org"))
    with sandbox(client, verified=frozenset()) as asked:
        for _ in range(2):
            body = {"user_id": user.id, "mail_id": mail_id}
            assert deliver("notifier", body) == {"batchItemFailures": []}
    assert len(asked) == 1
    stored = place.table.get(keys.mail(user.id, mail_id))
    assert stored is not None
    assert "gave_up_at" in stored
    assert "due_kind" not in stored
