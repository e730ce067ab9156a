"""Cancelling a generation: who is allowed to, when, and that the crawl stops and costs no quota."""

from collections.abc import Callable

from llmready.domain.archive import Archive
from llmready.domain.clock import new_id
from llmready.domain.generation import Progress, Status
from llmready.usecases.end_generation import complete_generation
from testkit.books import check_books
from testkit.emulator import Place
from testkit.people import claimed, queued
from testkit.service import Member, Service
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, children_of, now_stored, until


def _website(member: Member) -> str:
    answer = member.ask("POST", "/websites", {"url": "https://python.org"})
    return str(answer.json["id"])


def _start(member: Member, website: str) -> str:
    answer = member.ask("POST", "/generations/start", {"website_id": website})
    assert answer.status == 202, answer.body
    return str(answer.json["generation_id"])


def test_pending_generation_is_cancelled_without_charge(service: Service, place: Place) -> None:
    ada = service.person("ada@example.com")
    website = _website(ada)
    generation = _start(ada, website)
    answer = ada.ask("POST", f"/generations/{generation}/cancel")
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/generations/{generation}"
    assert (answer.json["id"], answer.json["status"]) == (generation, "cancelled")
    assert ada.ask("GET", f"/generations/{generation}").json["status"] == "cancelled"
    assert ada.ask("GET", "/generations/quota/check").json["remaining_generations"] == 1

    again = ada.ask("POST", f"/generations/{generation}/cancel")
    assert (again.status, again.json) == (202, answer.json)
    (stored,) = check_books(place, ada.id)
    assert stored.completed_at is not None
    assert _start(ada, website) != generation
    check_books(place, ada.id)


def test_ended_and_foreign_generations_are_not_cancelled(service: Service, place: Place) -> None:
    ada, eve = service.person("ada@example.com"), service.person("eve@example.com")
    generation = _start(ada, _website(ada))
    for refused in (
        eve.ask("POST", f"/generations/{generation}/cancel"),
        ada.ask("POST", f"/generations/{new_id()}/cancel"),
    ):
        assert (refused.status, refused.json["code"]) == (404, "generation_not_found")
    assert service.ask("POST", f"/generations/{generation}/cancel").status == 401

    pending = place.generations.get(ada.id, generation)
    assert pending is not None
    complete_generation(
        place.services,
        claimed(place, pending),
        archive=Archive(key="k", file_size=1, total_files=4, sha256="0" * 64, content_bytes=1),
        progress=Progress(pages_crawled=1, total_pages=1),
    )
    refused = ada.ask("POST", f"/generations/{generation}/cancel")
    assert (refused.status, refused.json["code"]) == (409, "already_ended")
    (stored,) = check_books(place, ada.id)
    assert stored.status is Status.COMPLETED


def test_a_running_crawl_stops(place: Place, service: Service, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(60), latency=0.5) as site:
        generation = queued(place, site.url)
        # The lease is much longer than a cancelled crawl may continue.
        worker = start_worker(crawl_allow=site.host, lease_seconds=90)
        until(lambda: now_stored(place, generation).pages_crawled > 0)
        token = service.token_of(generation.user_id)
        answer = service.ask("POST", f"/generations/{generation.id}/cancel", token=token)
        assert answer.status == 202
        until(lambda: children_of(worker.pid) == [], seconds=10)
        asked = len(site.requests)
        worker.wait()
        assert len(site.requests) == asked
    assert worker.said("lease lost; another worker continues the generation")
    (stored,) = check_books(place, generation.user_id)
    assert stored.status is Status.CANCELLED
    assert place.stored_keys() == []
