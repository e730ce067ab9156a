from datetime import timedelta

import pytest

from llmready.domain.clock import new_id, now
from llmready.domain.errors import Conflict, Forbidden, NotFound
from llmready.domain.user import User
from llmready.domain.website import Website
from testkit.emulator import Place
from testkit.people import new_user, new_website, registered, started, with_website


@pytest.fixture
def user(either: Place) -> User:
    return registered(either)


def stored(place: Place, website: Website) -> Website | None:
    return place.websites.get_for_user(website.user_id, website.id)[1]


def counts(place: Place, user: User) -> tuple[int, int]:
    found = place.users.get(user.id)
    assert found is not None
    return found.website_count, found.active_website_count


def changed(website: Website, **changes: object) -> Website:
    return website.changed(updated_at=website.updated_at + timedelta(seconds=1), **changes)


def test_website_is_stored_as_given(either: Place, user: User) -> None:
    website = with_website(
        either,
        user,
        "https://example.com/docs",
        name="Docs ✓",
        description="What it says.",
        include_patterns=["/docs/*"],
        exclude_patterns=["draft"],
        languages=["pt-BR", "en"],
        max_pages=7,
        use_playwright=True,
        link_target="markdown",
        timeout=60,
    )
    assert stored(either, website) == website
    assert either.websites.get_for_user(registered(either).id, website.id)[1] is None
    assert counts(either, user) == (1, 1)


@pytest.mark.parametrize(
    "same", ["https://example.com/docs/", "http://example.com/docs", "https://www.example.com/docs"]
)
def test_url_is_unique_per_user(either: Place, user: User, same: str) -> None:
    first = with_website(either, user, "https://example.com/docs")
    with pytest.raises(Conflict) as refused:
        with_website(either, user, same)
    assert (refused.value.code, refused.value.extra) == ("website_exists", {"website_id": first.id})
    assert counts(either, user) == (1, 1)
    with_website(either, registered(either), same)


def test_plan_limits_the_number_of_websites(either: Place, user: User) -> None:
    either.websites.create(new_website(user), limit=2)
    either.websites.create(new_website(user), limit=2)
    over = new_website(user, "https://over.example.com/")
    with pytest.raises(Forbidden) as refused:
        either.websites.create(over, limit=2)
    assert refused.value.code == "plan_limit"
    assert counts(either, user) == (2, 2)
    either.websites.create(over, limit=3)


def test_unknown_user_has_no_websites(either: Place) -> None:
    with pytest.raises(NotFound):
        with_website(either, new_user())


def test_pages_of_websites_newest_first(either: Place, user: User) -> None:
    websites = [with_website(either, user, is_active=bool(number % 2)) for number in range(5)][::-1]
    with_website(either, registered(either))

    def page(offset: int, limit: int, *, is_active: bool | None = None) -> tuple[list[Website], int]:
        found = either.websites.page(user.id, offset=offset, limit=limit, is_active=is_active)
        return found.items, found.total

    assert page(0, 2) == (websites[:2], 5)
    assert page(2, 2) == (websites[2:4], 5)
    assert page(4, 2) == (websites[4:], 5)
    assert page(5, 2) == ([], 5)
    assert page(0, 9, is_active=True) == ([found for found in websites if found.is_active], 2)
    assert page(1, 1, is_active=False) == ([found for found in websites if not found.is_active][1:2], 3)
    assert either.websites.oldest(user.id, 2) == [websites[-1].id, websites[-2].id]
    assert len(either.websites.oldest(user.id, 9)) == 5


def test_a_change_keeps_the_counters(either: Place, user: User) -> None:
    website = with_website(either, user, description="Old.")
    generation = started(either, user, website)
    new = changed(website, name="New", description=None, is_active=False)
    either.websites.update(website, new)
    assert stored(either, website) == new.changed(active_generation_id=generation.id)
    assert counts(either, user) == (1, 0)
    again = changed(new, is_active=True)
    either.websites.update(new, again)
    assert counts(either, user) == (1, 1)


def test_concurrent_change_is_refused(either: Place, user: User) -> None:
    website = with_website(either, user)
    either.websites.update(website, changed(website, name="First"))
    with pytest.raises(Conflict) as refused:
        either.websites.update(website, changed(website, name="Second"))
    assert refused.value.code == "website_changed"
    kept = stored(either, website)
    assert kept is not None
    assert kept.name == "First"


def test_new_url_is_claimed_and_the_old_one_freed(either: Place, user: User) -> None:
    website = with_website(either, user, "https://old.example.com/")
    taken = with_website(either, user, "https://taken.example.com/")
    with pytest.raises(Conflict) as refused:
        either.websites.update(website, changed(website, url="https://taken.example.com"))
    assert refused.value.extra == {"website_id": taken.id}
    assert stored(either, website) == website
    moved = changed(website, url="https://new.example.com/")
    either.websites.update(website, moved)
    assert stored(either, website) == moved
    with_website(either, user, "https://old.example.com/")
    with pytest.raises(Conflict):
        with_website(either, user, "https://new.example.com/")
    other_scheme = changed(moved, url="http://www.new.example.com")
    either.websites.update(moved, other_scheme)
    assert stored(either, website) == other_scheme


def test_missing_website_cannot_be_changed_or_deleted(either: Place, user: User) -> None:
    missing = new_website(user)
    with pytest.raises(NotFound):
        either.websites.update(missing, changed(missing, name="New"))
    with pytest.raises(NotFound):
        either.websites.delete(missing, now())
    assert stored(either, missing) is None
    assert counts(either, user) == (0, 0)


def test_deleted_website_frees_its_url_and_quota(either: Place, user: User) -> None:
    website = with_website(either, user, "https://example.com/", is_active=False)
    with_website(either, user)
    either.websites.delete(website, now())
    assert stored(either, website) is None
    assert counts(either, user) == (1, 1)
    with_website(either, user, "https://example.com/")
    with pytest.raises(NotFound):
        either.websites.delete(website, now())


def test_website_with_a_running_generation_is_not_deleted(either: Place, user: User) -> None:
    website = with_website(either, user)
    generation = started(either, user, website)
    with pytest.raises(Conflict) as refused:
        either.websites.delete(website, now())
    assert refused.value.code == "generation_in_progress"
    assert refused.value.extra == {"generation_id": generation.id}
    assert counts(either, user) == (1, 1)


def test_deleting_a_concurrently_changed_website_is_refused(either: Place, user: User) -> None:
    website = with_website(either, user, "https://one.example.com/")
    either.websites.update(website, changed(website, url="https://two.example.com/"))
    with pytest.raises(Conflict) as refused:
        either.websites.delete(website, now())
    assert refused.value.code == "website_changed"


def test_unknown_ids_are_not_found(either: Place) -> None:
    assert either.websites.get_for_user(new_id(), new_id())[1] is None
    assert either.websites.page(new_id(), offset=0, limit=5, is_active=None) == (None, [], 0, None)
    assert either.websites.oldest(new_id(), 3) == []


def test_times_survive_the_table(either: Place, user: User) -> None:
    time = now().replace(microsecond=0)
    website = with_website(either, user, created_at=time, updated_at=time)
    assert stored(either, website) == website
    either.websites.update(website, changed(website, name="New"))


def test_bulk_change_with_one_concurrent_change(either: Place, user: User) -> None:
    sites = [new_website(user) for _ in range(3)]
    assert either.websites.create_some(sites, limit=3) == [None] * 3
    over, again = new_website(user), new_website(user, sites[1].url)
    dup, full = either.websites.create_some([again, over], limit=3)
    assert (dup and dup.code, full and full.code) == ("website_exists", "plan_limit")
    assert counts(either, user) == (3, 3)

    either.websites.update(sites[1], changed(sites[1], name="Meanwhile"))
    wanted = [(site, changed(site, name="New", is_active=False)) for site in sites]
    outcomes: list[str | None] = []
    while len(outcomes) < 3:
        some = either.websites.update_some(wanted[len(outcomes) :])
        outcomes += [refusal.code if refusal else None for refusal in some]
    assert outcomes == [None, "website_changed", None]
    assert either.websites.get_some(user.id, [site.id for site in sites]) == [
        wanted[0][1],
        changed(sites[1], name="Meanwhile"),
        wanted[2][1],
    ]
    assert counts(either, user) == (3, 1)

    gone = [wanted[0][1], sites[1], wanted[2][1]]
    started(either, user, changed(sites[1], name="Meanwhile"))
    outcomes = []
    while len(outcomes) < 3:
        some = either.websites.delete_some(gone[len(outcomes) :], now())
        outcomes += [refusal.code if refusal else None for refusal in some]
    assert outcomes == [None, "generation_in_progress", None]
    assert counts(either, user) == (1, 1)


def test_bulk_change_of_an_unknown_user(either: Place) -> None:
    (refused,) = either.websites.create_some([new_website(new_user())], limit=3)
    assert refused is not None
    assert refused.code == "user_not_found"


def test_large_websites_go_in_several_transactions(either: Place, user: User) -> None:
    sites = [new_website(user, description="ö" * 22_000) for _ in range(33)]
    done = either.websites.create_some(sites, limit=99)
    assert 1 < len(done) < 33
    assert done == [None] * len(done)
    assert counts(either, user) == (len(done), len(done))
