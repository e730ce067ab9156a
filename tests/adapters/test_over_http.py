"""The URL of a website that was crawled over http because https does not work."""

from typing import Any

import pytest

from llmready.domain.archive import Archive, Coverage
from llmready.domain.clock import now
from llmready.domain.errors import LeaseLost
from llmready.domain.generation import Generation, Progress, Status
from llmready.domain.website import Website
from llmready.usecases.manage_websites import change_website
from testkit.emulator import Place
from testkit.people import claimed, registered, started, with_website

URL = "https://old.example.com"
ARCHIVE = Archive(
    key="generations/u/g/1.zip",
    file_size=10,
    total_files=3,
    sha256="0" * 64,
    content_bytes=99,
    coverage=Coverage(pages_found=3, over_http=True),
)


def _run(place: Place, **changes: Any) -> tuple[Website, Generation]:
    """Return the stored website after a run during which the user changes the website, and the ended run."""
    user = registered(place)
    website = with_website(place, user, URL, try_http=True)
    generation = claimed(place, started(place, user, website))
    if changes:
        change_website(place.services, user, website, changes)
    ended = generation.completed(
        time=now(), archive=ARCHIVE, progress=Progress(pages_crawled=3, total_pages=3)
    )
    place.generations.finish(ended, None, was=Status.PROCESSING)
    stored = place.websites.get_for_user(user.id, website.id)[1]
    assert stored is not None
    return stored, ended


@pytest.mark.parametrize("changes", [{}, {"name": "New"}], ids=["no change", "another field"])
def test_the_website_gets_the_url_with_which_it_was_crawled(either: Place, changes: dict[str, Any]) -> None:
    website, _ = _run(either, **changes)
    assert website.url == "http://old.example.com"


@pytest.mark.parametrize(
    "url",
    ["https://new.example.org", "new.example.org", URL],
    ids=["new", "without a scheme", "with its scheme"],
)
def test_a_url_that_the_user_entered_during_the_run_is_kept(either: Place, url: str) -> None:
    website, generation = _run(either, url=url)
    assert website.url == (url if "://" in url else f"https://{url}")
    assert (website.active_generation_id, website.last_generated_at) == (None, generation.completed_at)
    assert (website.generation_count, website.completed_count) == (1, 1)
    assert either.generations.get(generation.user_id, generation.id) == generation
    with pytest.raises(LeaseLost):
        either.generations.finish(generation, None, was=Status.PROCESSING)
