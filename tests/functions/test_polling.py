"""The interval at which clients are asked to poll a generation."""

import importlib
from datetime import timedelta
from typing import Any

import pytest

from llmready.domain.generation import Progress
from testkit.emulator import Place
from testkit.people import queued
from testkit.service import access_token
from tests.functions.test_mail import CONTEXT


@pytest.mark.parametrize(("quiet", "seconds"), [(0, 1), (2, 1), (6, 2), (15, 5), (30, 10), (3600, 10)])
def test_retry_after_grows_while_nothing_changes(place: Place, quiet: int, seconds: int) -> None:
    generation = queued(place)
    assert generation.retry_after(generation.created_at + timedelta(seconds=quiet)) == seconds


def test_progress_resets_retry_after(place: Place) -> None:
    generation = queued(place)
    time = generation.created_at + timedelta(minutes=5)
    claimed = generation.claimed(time=time, lease=timedelta(seconds=90))
    assert claimed.retry_after(time) == 1
    moved = claimed.progressed(Progress(pages_crawled=1), time + timedelta(minutes=2))
    assert moved.retry_after(time + timedelta(minutes=2)) == 1
    place.generations.claim(generation, claimed)
    place.generations.heartbeat(moved, lease_expires_at=time, progress=Progress(pages_crawled=1))
    stored = place.generations.get(generation.user_id, generation.id)
    assert stored is not None
    assert stored.progressed_at == moved.progressed_at


@pytest.mark.usefixtures("calls")
def test_retry_after_is_sent_until_the_end(place: Place) -> None:
    generation = queued(place)

    def headers() -> dict[str, str]:
        path = f"/api/v1/generations/{generation.id}"
        event: dict[str, Any] = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"authorization": f"Bearer {access_token(generation.user_id)}"},
            "requestContext": {
                "requestId": "r",
                "stage": "$default",
                "http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"},
            },
            "isBase64Encoded": False,
        }
        answer = importlib.import_module("functions.generations.handler").handler(event, CONTEXT)
        assert answer["statusCode"] == 200
        return dict(answer["headers"])

    assert headers()["Retry-After"] == "1"
    found = place.generations.get(generation.user_id, generation.id)
    assert found is not None
    place.generations.finish(found.cancelled(time=generation.created_at), None, was=found.status)
    assert "Retry-After" not in headers()
