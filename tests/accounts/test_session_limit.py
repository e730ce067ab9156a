"""The limit of an account's open sign-ins, and the cost of requests that read them."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from llmready import bootstrap
from llmready.adapters.dynamodb import keys
from llmready.domain.clock import new_id, now
from llmready.domain.rate_limits import Rate
from llmready.domain.sessions import MOST_SESSIONS
from llmready.http import api
from llmready.http.route_limits import ProcessLimit
from testkit.service import NEW, PASSWORD, Member, Service, use

# More than one sign-in ends: as many as an account from before the limit may have.
MANY = 2_500


def families(service: Service) -> list[str]:
    return [item["sk"]["S"] for item in service.items() if item["sk"]["S"].startswith(keys.FAMILY)]


def with_many(service: Service, address: str) -> Member:
    """Sign up and in, then store many newer sign-ins, as releases without a limit did."""
    ada = service.person(address)
    stored = next(item for item in service.items() if item["sk"]["S"] == keys.FAMILY + ada.family)
    puts: list[Any] = [
        {"PutRequest": {"Item": {**stored, "sk": {"S": keys.FAMILY + new_id()}}}} for _ in range(MANY)
    ]
    for start in range(0, MANY, 25):
        service.place.dynamodb.batch_write_item(RequestItems={service.place.name: puts[start : start + 25]})
    return ada


class Reads:
    """Counts the items that queries read, and the items that batches delete."""

    def __init__(self) -> None:
        self.queried: list[int] = []
        self.deleted: list[int] = []
        events = bootstrap.client("dynamodb").meta.events
        events.register("after-call.dynamodb.Query", self._query)
        events.register("provide-client-params.dynamodb.BatchWriteItem", self._batch)

    def _query(self, parsed: dict[str, Any], **_: Any) -> None:
        self.queried.append(parsed["ScannedCount"])

    def _batch(self, params: dict[str, Any], **_: Any) -> None:
        self.deleted += [len(batch) for batch in params["RequestItems"].values()]

    def clear(self) -> None:
        self.queried.clear()
        self.deleted.clear()


def test_a_sign_in_ends_the_oldest_sessions_above_the_limit(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = service.person("ada.many@example.org")
    ben = service.person("ben.one@example.org")
    second = service.signed_in(first.address)
    for _ in range(MOST_SESSIONS - 3):
        service.token_of(first.id)
    newest = service.signed_in(first.address)
    assert first.ask("GET", "/auth/me").status == 200
    assert len(newest.ask("GET", "/auth/sessions").json["items"]) == MOST_SESSIONS
    newest = service.signed_in(first.address)
    listed = newest.ask("GET", "/auth/sessions").json["items"]
    assert len(listed) == MOST_SESSIONS
    assert [item["id"] for item in listed if item["is_current"]] == [newest.family]
    assert first.family not in {item["id"] for item in listed}
    # The ended session is as a revoked one: no change from now on, and no read after a minute.
    answer = first.ask("PATCH", "/auth/me", {"full_name": "Ada"})
    assert (answer.status, answer.json["code"]) == (401, "invalid_token")
    assert first.refresh().status == 401
    later = now() + timedelta(seconds=60)
    use(monkeypatch, clock=lambda: later)
    assert first.ask("GET", "/auth/me").status == 401
    for kept in (second, newest, ben):
        assert kept.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200
        assert kept.refresh().status == 200


def test_simultaneous_sign_ins_all_succeed_and_keep_the_limit(service: Service) -> None:
    ada = service.person("ada.crowd@example.org")
    for _ in range(MOST_SESSIONS - 5):
        service.token_of(ada.id)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.login(ada.address), range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert len(families(service)) == MOST_SESSIONS
    for answer in answers:
        new = Member(service, ada.address, answer.json)
        assert new.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200


def test_thousands_of_old_sessions_make_no_request_expensive(service: Service) -> None:
    ada = with_many(service, "ada.thousands@example.org")
    reads = Reads()
    assert len(ada.ask("GET", "/auth/sessions").json["items"]) == MOST_SESSIONS
    assert sum(reads.queried) <= MOST_SESSIONS
    left = MANY + 1
    for _ in range(3):  # each sign-in ends a part of them
        reads.clear()
        newest = service.signed_in(ada.address)
        assert sum(reads.queried) <= 1_250
        assert sum(reads.deleted) <= 1_000
        left = max(MOST_SESSIONS, left + 1 - 1_000)
        assert len(families(service)) == left
    assert left == MOST_SESSIONS
    assert ada.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 401
    reads.clear()
    newest = service.signed_in(ada.address)
    assert (sum(reads.queried), sum(reads.deleted)) == (MOST_SESSIONS + 1, 1)
    assert newest.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200


def test_a_reset_ends_thousands_of_sessions_with_limited_work(service: Service) -> None:
    ada = with_many(service, "ada.resets.thousands@example.org")
    service.ask("POST", "/auth/forgot-password", {"email": ada.address})
    token = service.token_for(ada.address)
    reads = Reads()
    assert service.ask("POST", "/auth/reset-password", {"token": token, "new_password": NEW}).status == 200
    assert sum(reads.queried) <= 1_250
    assert sum(reads.deleted) <= 1_250
    # Also the sessions whose records are still stored have ended.
    assert keys.FAMILY + ada.family in families(service)
    assert ada.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 401
    assert ada.refresh().status == 401
    back = service.signed_in(ada.address, NEW)
    assert [item["id"] for item in back.ask("GET", "/auth/sessions").json["items"]] == [back.family]


def test_lists_of_sessions_are_limited(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ben = service.person("ada.lists@example.org"), service.person("ben.lists@example.org")
    app = importlib.import_module("functions.auth.handler").app
    monkeypatch.setattr(app, "_few_listed", ProcessLimit("lists", Rate(1, 3600)))
    monkeypatch.setattr(api, "_LISTED", Rate(60, 3600))
    answers = [ada.ask("GET", "/auth/sessions") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json["code"] == "too_many_requests"
    assert ben.ask("GET", "/auth/sessions").status == 200


def test_an_account_with_thousands_of_sessions_is_exported_and_deleted(service: Service) -> None:
    ada = with_many(service, "ada.leaves.thousands@example.org")
    reads = Reads()
    export = ada.ask("GET", "/auth/me/export").json
    assert 1_900 < len(export["sign_ins"]) <= 2_000
    assert max(reads.queried) <= 2_001
    assert export["next_cursor"]
    reads.clear()
    assert ada.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    assert max(reads.queried) <= 200
    while families(service):
        service.clean_up()
    assert ada.ask("GET", "/auth/me").status == 401


def test_a_sign_in_succeeds_while_no_old_session_can_be_ended(service: Service) -> None:
    ada = service.person("ada.throttled@example.org")
    for _ in range(MOST_SESSIONS - 1):
        service.token_of(ada.id)
    error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def refuse(**_: object) -> tuple[AWSResponse, dict[str, Any]]:
        return AWSResponse("", 400, HTTPHeaders(), None), error

    events = bootstrap.client("dynamodb").meta.events
    events.register("before-call.dynamodb.BatchWriteItem", refuse)
    newest = service.signed_in(ada.address)
    events.unregister("before-call.dynamodb.BatchWriteItem", refuse)
    assert newest.ask("PATCH", "/auth/me", {"full_name": "Ada"}).status == 200
    assert len(families(service)) == MOST_SESSIONS + 1
    service.signed_in(ada.address)
    assert len(families(service)) == MOST_SESSIONS
