"""The rules, without any AWS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmready.adapters.dynamodb.generations import generation_item
from llmready.adapters.mail.addresses import with_ascii_domain
from llmready.addresses import is_public
from llmready.domain.archive import Archive
from llmready.domain.clock import is_id, new_id, timestamp
from llmready.domain.errors import Conflict, Invalid
from llmready.domain.generation import Failure, Generation, Progress, Status
from llmready.domain.generation_files import archive_key, download_name
from llmready.domain.passwords import hashed, matches
from llmready.domain.plans import PLANS, QueueName
from llmready.domain.quota import QuotaUse, month_of
from llmready.domain.recommendation import recommend
from llmready.domain.user import email_fingerprint, email_key
from llmready.domain.website import CrawlSettings, canonical_url, has_scheme, public_url
from testkit.people import new_generation, new_user, new_website

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(seconds=90)
ARCHIVE = Archive(key="k", file_size=1, total_files=4, sha256="00", content_bytes=1)

NOT_PUBLIC = """
0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1 192.88.99.1
192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
:: ::1 ::ffff:10.0.0.1 ::a9fe:a9fe 64:ff9b::a9fe:a9fe 100::1 2001::1 2001:db8::1 2002:a00:1::
3fff::1 fc00::1 fe80::1 fec0::1 ff02::1 5f00::1 4000::1 2606:4700::1111%x ::ffff:8.8.8.8%1
"""


def pending() -> Generation:
    return Generation(
        id=new_id(),
        user_id="u",
        website_id="w",
        website_name="Site",
        website_url="https://python.org",
        settings=CrawlSettings(),
        month="2026-11",
        files_kept_days=30,
        queue=QueueName.STANDARD,
        created_at=NOW,
    )


def test_transitions_of_a_generation() -> None:
    claimed = pending().claimed(time=NOW, lease=LEASE)
    assert (claimed.status, claimed.fence, claimed.attempts) == (Status.PROCESSING, 1, 1)
    done = claimed.completed(
        time=NOW + timedelta(seconds=5),
        archive=ARCHIVE,
        progress=Progress(pages_crawled=3, total_pages=4, pages_failed=1),
    )
    assert (done.status, done.progress_percentage, done.duration_seconds) == (Status.COMPLETED, 100, 5.0)
    assert done.expires_at == NOW + timedelta(days=30, seconds=5)
    assert done.can_download(NOW + timedelta(days=30))
    assert not done.can_download(NOW + timedelta(days=31))


@given(
    st.lists(st.sampled_from(["claim", "complete", "fail", "hand back", "wait"]), max_size=12),
)
def test_ended_states_are_final_and_the_fence_never_decreases(moves: list[str]) -> None:
    generation, time, ended = pending(), NOW, False
    for move in moves:
        fence = generation.fence
        try:
            if move == "claim":
                generation = generation.claimed(time=time, lease=LEASE)
                assert generation.fence == fence + 1
            elif move == "complete":
                generation = generation.completed(time=time, archive=ARCHIVE, progress=Progress())
            elif move == "fail":
                generation = generation.failed(time=time, failure=Failure(code="x", message="X."))
            elif move == "hand back":
                generation = generation.handed_back()
            else:
                time += LEASE * 2
        except Conflict:
            continue
        assert not ended or move == "wait"
        assert generation.fence >= fence
        ended = generation.status.is_final


def test_leased_generation_is_claimed_only_after_its_lease() -> None:
    claimed = pending().claimed(time=NOW, lease=LEASE)
    with pytest.raises(Conflict):
        claimed.claimed(time=NOW + LEASE, lease=LEASE)
    assert claimed.claimed(time=NOW + LEASE + timedelta(milliseconds=1), lease=LEASE).fence == 2


def test_an_interruption_costs_no_attempt() -> None:
    claimed = pending().claimed(time=NOW, lease=LEASE)
    assert claimed.handed_back(attempt_counts=False).attempts == 0
    assert claimed.handed_back().attempts == 1


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_progress_is_a_percentage(crawled: int, total: int, failed: int) -> None:
    progress = Progress(pages_crawled=crawled, total_pages=total, pages_failed=failed)
    assert 0 <= progress.percentage <= 95


@pytest.mark.parametrize(
    ("pages", "size", "kind"),
    [
        (50, 1_999_999, "minimal"),
        (51, 100, "standard"),
        (50, 2_000_000, "standard"),
        (500, 9_999_999, "standard"),
        (501, 100, "complete"),
        (10, 10_000_000, "complete"),
    ],
)
def test_recommendations(pages: int, size: int, kind: str) -> None:
    found = recommend(pages=pages, content_bytes=size)
    assert found.type == kind
    assert found.files[0] == "llms.txt"


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        (0, "You have 3 generations remaining this month."),
        (2, "You have 1 generation remaining this month."),
        (3, "You have no generations remaining this month."),
        (9, "You have no generations remaining this month."),
    ],
)
def test_quota_sentences(taken: int, message: str) -> None:
    assert QuotaUse(month="2026-11", taken=taken).message(PLANS["starter"]) == message


def test_a_month_is_a_utc_month() -> None:
    late = datetime.fromisoformat("2026-12-01T00:30:00+02:00")
    assert month_of(late) == "2026-11"


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.text(max_size=80))
def test_a_url_is_public_and_normal_or_refused(text: str) -> None:
    try:
        url = public_url(text)
    except Invalid:
        return
    assert url.startswith(("http://", "https://"))
    assert public_url(url) == url
    assert url.isascii()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("example.com", False),
        (" example.com/docs ", False),
        ("example.com:8080", False),
        ("example.com:443/docs", False),
        ("//example.com", False),
        ("https://example.com", True),
        ("HTTP://example.com:8080/", True),
        ("mailto:ada@example.com", True),
    ],
)
def test_addresses_with_a_scheme(typed: str, expected: bool) -> None:  # noqa: FBT001 - a case of the test
    assert has_scheme(typed) is expected


def test_scheme_and_www_do_not_distinguish_websites() -> None:
    forms = ["http://python.org", "https://www.python.org/", "https://python.org/"]
    assert len({canonical_url(public_url(form)) for form in forms}) == 1
    assert canonical_url("https://python.org/a?b=1") != canonical_url("https://python.org/a?b=2")


@given(st.text(max_size=200))
def test_download_names_are_safe(name: str) -> None:
    file = download_name(name, "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f")
    assert file.isascii()
    assert not set(file) & set('/\\:*?"<>|\r\n ')
    assert file.startswith("llmready_")
    assert file.endswith("_01a20dd0-d148-77e9-a1a8-d33d5c29cb6f.zip")
    assert len(file) < 120


def test_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(ids)
    assert all(is_id(identifier) for identifier in ids)
    assert not is_id(ids[0].upper())


def test_timestamps_sort_and_are_utc() -> None:
    assert timestamp(datetime.fromisoformat("2026-11-24T12:00:00.123456+02:00")) == "2026-11-24T10:00:00.123Z"


def test_addresses_are_compared_without_case() -> None:
    assert email_key(" Ada@Example.ORG ") == "ada@example.org"
    assert email_fingerprint("ADA@example.org") == email_fingerprint("ada@example.org")
    assert "ada" not in email_fingerprint("ada@example.org")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@straße.de", "ada@strasse.de"),
        ("ada@βόλος.gr", "ada@βόλοσ.gr"),
        ("ada@faß.example.com", "ada@FASS.example.com"),
    ],
)
def test_addresses_on_domains_of_different_owners_are_different(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(
    "address", ["ada@straße.de", "ada@βόλος.gr", "ada@bücher.example.com", "ada@münchen.de"]
)
def test_both_spellings_of_a_domain_are_one_address(address: str) -> None:
    """SES names domains in Punycode when it reports a bounce."""
    assert email_key(with_ascii_domain(address)) == email_key(address) == address
    assert email_key(with_ascii_domain(address).upper()) == address


def test_passwords() -> None:
    stored = hashed("a long password")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(stored, "a long password")
    assert not matches(stored, "another password")
    assert not matches(None, "a long password")
    assert not matches("not a hash", "a long password")


def test_no_two_attempts_share_a_key() -> None:
    assert archive_key("u", "g", 1) != archive_key("u", "g", 2)


@pytest.mark.parametrize("waiting", [True, False])
def test_waiting_is_stored_under_the_name_that_earlier_releases_read(*, waiting: bool) -> None:
    user = new_user()
    generation = new_generation(user, new_website(user), waiting=waiting)
    item = generation_item(generation)
    assert (item["held"], "waiting" in item) == (waiting, False)
    assert Generation.model_validate(item).waiting is waiting
