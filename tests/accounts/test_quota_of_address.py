"""The quota belongs to the email address: deleting the account and signing up again gives no new generations."""

from datetime import timedelta

import pytest

from llmready.adapters.dynamodb import keys
from llmready.domain import failed_crawls
from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.generation import Failure, Progress
from llmready.usecases.end_generation import complete_generation, fail_generation
from testkit.people import claimed, started, with_website
from testkit.service import PASSWORD, Member, Service


def starts(service: Service, member: Member) -> tuple[int, str]:
    """Start a generation of a new website; return the status and the ID or code."""
    user = service.place.users.get(member.id)
    assert user is not None
    website = with_website(service.place, user)
    answer = member.ask("POST", "/generations/start", {"website_id": website.id})
    return answer.status, str(answer.json.get("generation_id") or answer.json["code"])


def completes(service: Service, member: Member) -> None:
    """Let a member generate."""
    status, generation_id = starts(service, member)
    assert status == 202, generation_id
    place = service.place
    generation = place.generations.get(member.id, generation_id)
    assert generation is not None
    archive = Archive(key="x", file_size=3, total_files=1, sha256="0" * 64, content_bytes=3)
    held = claimed(place, generation)
    complete_generation(place.services, held, archive=archive, progress=Progress(pages_crawled=1))


def deleted(service: Service, member: Member) -> None:
    assert member.ask("DELETE", "/auth/me", {"password": PASSWORD}).status == 200
    service.clean_up({"only": "deletions"})


def remaining(member: Member) -> int:
    left = int(member.ask("GET", "/generations/quota/check").json["remaining_generations"])
    assert member.ask("GET", "/websites/stats/user").json["generations_remaining"] == left
    return left


@pytest.mark.parametrize("spelling", ["ada.again.quota@example.org", "ADA.again.quota@EXAMPLE.org"])
def test_used_quota_remains_used_after_signing_up_again(service: Service, spelling: str) -> None:
    ada = service.person("ada.again.quota@example.org")
    assert remaining(ada) == 1
    completes(service, ada)
    assert remaining(ada) == 0
    for _ in range(2):
        deleted(service, ada)
        assert service.register(spelling).status == 201
        ada = service.signed_in(spelling)
        assert remaining(ada) == 0
        assert starts(service, ada) == (403, "quota_exceeded")


def test_a_running_generation_that_a_deletion_cancels_is_given_back(service: Service) -> None:
    ada = service.person("ada.cancelled.quota@example.org")
    assert starts(service, ada)[0] == 202
    assert remaining(ada) == 0
    deleted(service, ada)
    ada = service.person(ada.address)
    assert remaining(ada) == 1
    assert starts(service, ada)[0] == 202


def test_a_failed_generation_is_given_back(service: Service) -> None:
    ada = service.person("ada.failed.quota@example.org")
    _, generation_id = starts(service, ada)
    generation = service.place.generations.get(ada.id, generation_id)
    assert generation is not None
    fail_generation(service.place.services, generation, Failure(code="dns_failure", message="Unknown."))
    assert remaining(ada) == 1


def failed_today(service: Service, member: Member) -> None:
    """Let a generation of a member fail after an hour."""
    place, user = service.place, service.place.users.get(member.id)
    assert user is not None
    website = with_website(place, user, timeout=3600)
    pending = started(place, user, website, timeout=3600, quota_ledger=user.quota_ledger)
    held = pending.claimed(time=now() - timedelta(hours=1), lease=timedelta(days=1))
    place.generations.claim(pending, held)
    fail_generation(place.services, held, Failure(code="timeout", message="Too slow."))


def test_the_failed_crawls_of_a_day_count_after_signing_up_again(service: Service) -> None:
    ada, ben = service.person("ada.slow@example.org"), service.person("ben.quick@example.org")
    failed_today(service, ada)
    for _ in range(2):
        assert starts(service, ada) == (429, "failed_crawl_limit")
        deleted(service, ada)
        assert ada.id not in str([item for item in service.items() if "FAILED" in str(item["pk"])])
        ada = service.person(ada.address)
    assert starts(service, ben)[0] == 202


def test_cancelled_generations_of_a_day_count_after_signing_up_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_crawls, "MOST_PER_DAY", 1)
    ada = service.person("ada.cancels@example.org")
    assert starts(service, ada)[0] == 202
    deleted(service, ada)  # which cancels it
    assert starts(service, service.person(ada.address)) == (429, "failed_crawl_limit")
    left = [item for item in service.items() if item["sk"]["S"] == "FAILEDCRAWLS"]
    assert len(left) == 1
    assert ada.address not in str(left)
    assert 0 < int(left[0]["ttl"]["N"]) - now().timestamp() <= 2 * 86_400


def test_other_addresses_have_their_own_quota(service: Service) -> None:
    ada, ben = service.person("ada.own.quota@example.org"), service.person("ben.own.quota@example.org")
    completes(service, ada)
    assert (remaining(ada), remaining(ben)) == (0, 1)


def test_next_month_has_full_quota(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = service.person("ada.next.month@example.org")
    completes(service, ada)
    deleted(service, ada)
    ada = service.person(ada.address)
    assert remaining(ada) == 0
    later = now() + timedelta(days=40)
    monkeypatch.setattr("functions.generations.handler.now", lambda: later)
    monkeypatch.setattr("functions.websites.handler.now", lambda: later)
    assert remaining(ada) == 1


def test_deleted_account_leaves_only_its_used_quota(service: Service) -> None:
    ada = service.person("ada.stays.quota@example.org")
    completes(service, ada)
    deleted(service, ada)
    (ledger,) = (item for item in service.items() if "QUOTA" in item["pk"]["S"] + item["sk"]["S"])
    assert int(ledger["used"]["N"]) == 1
    assert ada.id not in str(ledger)
    assert ada.address not in str(ledger)
    assert 0 < int(ledger["ttl"]["N"]) - now().timestamp() < 40 * 86_400


def test_export_contains_the_quota_and_the_mail_preferences(service: Service) -> None:
    ada = service.person("ada.export.quota@example.org")
    completes(service, ada)
    ada.ask("PATCH", "/auth/me", {"mail_preferences": {"quota_reset": True}})
    export = ada.ask("GET", "/auth/me/export").json
    assert [record["used"] for record in export["quotas"]] == [1]
    assert export["profile"]["mail_preferences"] == {"generations": True, "quota_reset": True}


def test_accounts_of_earlier_versions_get_their_ledger_when_they_sign_in(service: Service) -> None:
    ada = service.person("ada.earlier@example.org")
    service.place.table.write(service.place.table.update(keys.profile(ada.id), remove=["quota_ledger"]))
    ada = service.signed_in(ada.address)
    completes(service, ada)
    deleted(service, ada)
    assert remaining(service.person(ada.address)) == 0
