"""Store many websites and generations in few requests, in the same form as the adapters."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from llmready.adapters.dynamodb import keys
from llmready.adapters.dynamodb.generations import generation_item
from llmready.adapters.dynamodb.websites import due_attributes
from llmready.domain.archive import Archive, Quality, QualityReason
from llmready.domain.clock import new_id, now
from llmready.domain.generation import Generation, Status
from llmready.domain.user import User
from llmready.domain.website import Website, canonical_url
from testkit.emulator import Place
from testkit.people import new_generation

_ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
# A score with as many reasons as that of an ordinary site.
_QUALITY = Quality(
    score=71,
    reasons=[
        QualityReason(
            code="links_without_description", detail="93 of 100 pages have no description.", points=19
        ),
        QualityReason(code="one_section", detail="All 100 pages stand in one section.", points=5),
        QualityReason(code="not_https", detail="The site is served over http.", points=5),
    ],
)


def many_generations(user: User, website: Website, number: int) -> list[Generation]:
    """Return ended generations of a website, alternately completed, failed and cancelled."""
    return [
        new_generation(
            user,
            website,
            **_outcome(user, _ENDS[index % 3]),
            started_at=now(),
            completed_at=now() + timedelta(seconds=9),
            attempts=1,
            fence=1,
            pages_crawled=100,
            total_pages=100,
            progress_percentage=100,
        )
        for index in range(number)
    ]


def _outcome(user: User, status: Status) -> dict[str, Any]:
    if status is Status.FAILED:
        message = "The website answered none of our requests; please check that it is reachable."
        return {"status": status, "error_code": "unreachable", "error_message": message}
    if status is Status.CANCELLED:
        return {"status": status}
    return {
        "status": status,
        "expires_at": now() + timedelta(days=365),
        "archive": Archive(
            key=f"generations/{user.id}/{new_id()}/1.zip",
            file_size=1_000_000,
            total_files=103,
            sha256="0" * 64,
            content_bytes=5_000_000,
            quality=_QUALITY,
        ),
    }


def stored(place: Place, user: User, websites: Sequence[Website], generations: Sequence[Generation]) -> None:
    """Store ended generations, and add them to the counters of the user and of these websites."""
    _put(place, [generation_item(generation) for generation in generations])
    counted: list[tuple[keys.Key, Sequence[Generation]]] = [(keys.profile(user.id), generations)]
    for website in websites:
        own = [generation for generation in generations if generation.website_id == website.id]
        counted.append((keys.website(user.id, website.id), own))
    for key, some in counted:
        numbers = {status: sum(generation.status is status for generation in some) for status in _ENDS}
        counts = {f"listed_{status}": number for status, number in numbers.items()} | {
            "generation_count": len(some),
            "completed_count": numbers[Status.COMPLETED],
            "failed_count": numbers[Status.FAILED],
        }
        place.table.write(place.table.update(key, add=counts))


def stored_websites(place: Place, user: User, websites: Sequence[Website]) -> None:
    """Store websites with their list entries, and update the counters."""
    items: list[dict[str, Any]] = []
    for website in websites:
        listed = keys.listed_website(user.id, website.id, is_active=website.is_active)
        url = keys.website_url(user.id, canonical_url(website.url))
        key = keys.website(user.id, website.id)
        items += [
            {
                "pk": key.pk,
                "sk": key.sk,
                **website.model_dump(mode="json", exclude_none=True),
                **due_attributes(website),
            },
            {"pk": listed.pk, "sk": listed.sk},
            {"pk": url.pk, "sk": url.sk, "website_id": website.id},
        ]
    _put(place, items)
    counts = {
        "website_count": len(websites),
        "active_website_count": sum(website.is_active for website in websites),
    }
    place.table.write(place.table.update(keys.profile(user.id), add=counts))


def open_ledgers(place: Place, month: str, count: int) -> None:
    """Store the ledgers of this many users for a month."""
    items = []
    for number in range(count):
        user_id = f"user{number:06d}"
        ledger = {"month": month, "used": 1, "reserved": 0}
        due = {"due_kind": keys.due_quota(month), "due_at": user_id}
        items.append({**keys.quota(user_id, month)._asdict(), **ledger, **due})
    _put(place, items)


def _put(place: Place, items: Sequence[dict[str, Any]]) -> None:
    requests = [{"PutRequest": {"Item": place.table.put(item)["Put"]["Item"]}} for item in items]

    def put(some: Sequence[dict[str, Any]]) -> None:
        answer = place.dynamodb.batch_write_item(RequestItems={place.name: list(some)})
        assert not answer["UnprocessedItems"]

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(put, [requests[start : start + 25] for start in range(0, len(requests), 25)]))
