"""Scheduled runs whose files equal those of the newest completed generation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from llmready.domain.clock import new_id, now
from llmready.domain.errors import Gone
from llmready.domain.generation import Generation, Status, Trigger
from llmready.domain.generation_files import archive_key, outlives_bucket
from llmready.domain.mail import MailKind
from llmready.domain.plans import Schedule
from llmready.domain.user import User
from llmready.domain.website import Website
from llmready.usecases.archive_files import FileContent, list_files, read_file
from llmready.usecases.compare_generations import compare_generations
from llmready.usecases.delete_generation import delete_generation
from llmready.usecases.download import download, readable_archive
from llmready.usecases.expire_files import expire_files
from llmready.usecases.manage_websites import remove_website
from llmready.usecases.purge_website import purge_website
from llmready.usecases.withdraw_files import withdraw_files
from testkit.due_work import due_of
from testkit.emulator import Place
from testkit.people import new_generation, registered, with_website
from testkit.sites import Answer, Site, page, serve
from testkit.worker_process import Worker, now_stored


@dataclass
class Handbook:
    """A website of a user, with pages that a test changes, and the generations of it."""

    place: Place
    start_worker: Callable[..., Worker]
    site: Site
    user: User
    website: Website
    pages: dict[str, str]
    quota: int = 10
    runs: list[Generation] = field(default_factory=list)

    def run(self, trigger: Trigger = Trigger.SCHEDULE) -> Generation:
        """Generate the website with a worker, as the dispatcher would start it."""
        generation = new_generation(self.user, self.website, trigger=trigger)
        self.place.generations.start(generation, quota_limit=self.quota)
        self.place.jobs.send(generation)
        worker = self.start_worker(crawl_allow=self.site.host)
        assert worker.wait(60) == 0
        done = now_stored(self.place, generation)
        assert done.status is Status.COMPLETED, worker.log()
        self.runs.append(done)
        return done

    def archives(self) -> list[str]:
        """Keys of the archives in the bucket."""
        return [key for key in self.place.stored_keys() if key.endswith(".zip")]

    def used(self) -> tuple[int, int, int]:
        generation = self.runs[0]
        use = self.place.quotas.get(self.user.id, generation.month, generation.quota_ledger)
        return use.used, use.taken, use.reserved

    def mails(self) -> list[str | None]:
        due = due_of(self.place.outbox, now() + timedelta(days=1))
        return [mail.generation_id for mail in due if mail.kind is MailKind.GENERATION_COMPLETE]

    def read(self, generation: Generation, path: str) -> bytes:
        found = read_file(self.place.services, generation, path, before_extracting=lambda: None)
        assert isinstance(found, FileContent)
        return found.data

    def again(self, generation: Generation) -> Generation:
        return now_stored(self.place, generation)


@pytest.fixture
def handbook(place: Place, start_worker: Callable[..., Worker]) -> Iterator[Handbook]:
    texts = {"/": "Welcome. " * 30, "/a": "About apples. " * 30, "/b": "About bears. " * 30}

    def answer(path: str, _: str) -> Answer:
        if path not in texts:
            return Answer("", status=404)
        links = tuple(one for one in sorted(texts) if one != "/") if path == "/" else ()
        return Answer(page(f"Title of {path}", texts[path], links))

    with serve(answer) as site:
        user = registered(place, "standard")
        website = with_website(place, user, site.url, schedule=Schedule.DAILY)
        yield Handbook(place, start_worker, site, user, website, texts)


def test_an_unchanged_run_costs_nothing_and_refers_to_the_earlier_archive(handbook: Handbook) -> None:
    first = handbook.run(Trigger.MANUAL)
    assert (first.changed, handbook.used()) == (True, (1, 1, 0))
    second = handbook.run()
    assert (second.trigger, second.changed) == (Trigger.SCHEDULE, False)
    assert handbook.used() == (1, 1, 0)
    assert handbook.mails() == [first.id]
    assert first.archive is not None
    assert second.archive is not None
    assert handbook.archives() == [first.archive.key]
    assert second.archive.key == first.archive.key
    assert second.archive.sha256 == first.archive.sha256
    assert handbook.again(first).expires_at == second.expires_at
    assert second.expires_at is not None
    assert first.expires_at is not None
    assert second.expires_at > first.expires_at
    website = handbook.place.websites.get_for_user(handbook.user.id, handbook.website.id)[1]
    assert website is not None
    assert (website.completed_count, website.listed_completed) == (2, 2)
    assert website.last_generated_at == second.completed_at
    history = handbook.place.generations.history(handbook.user.id, limit=10).items
    assert [run.id for run in history] == [second.id, first.id]


def test_the_files_of_an_unchanged_run_can_be_read_downloaded_and_compared(handbook: Handbook) -> None:
    services = handbook.place.services
    first, second = handbook.run(Trigger.MANUAL), handbook.run()
    assert list_files(services, second) == list_files(services, handbook.again(first))
    for file in list_files(services, second):
        assert handbook.read(second, file.path) == handbook.read(handbook.again(first), file.path)
    assert first.archive is not None
    assert first.archive.key in download(services, second).url
    compared = compare_generations(services, second, None)
    assert compared.since == first.id
    assert compared.changes.unchanged == 3
    assert (compared.changes.added, compared.changes.removed, compared.changes.changed) == ([], [], [])
    assert compared.llms_txt_diff == ""


def test_a_manual_run_always_costs_and_stores(handbook: Handbook) -> None:
    handbook.run(Trigger.MANUAL)
    second = handbook.run(Trigger.MANUAL)
    assert (second.changed, handbook.used()) == (False, (2, 2, 0))
    assert len(handbook.archives()) == len(handbook.mails()) == 2


def test_a_changed_run_costs_quota_and_reports_the_changes(handbook: Handbook) -> None:
    handbook.run(Trigger.MANUAL)
    handbook.pages["/a"] = "All about apricots. " * 30
    handbook.pages["/c"] = "About cats. " * 30
    del handbook.pages["/b"]
    second = handbook.run()
    assert (second.changed, handbook.used()) == (True, (2, 2, 0))
    assert len(handbook.archives()) == len(handbook.mails()) == 2
    assert second.archive is not None
    assert second.archive.summary is not None
    told = [(page.kind.value, page.title) for page in second.archive.summary.pages]
    assert (second.archive.summary.new, second.archive.summary.gone) == (1, 1)
    assert told[-2:] == [("new", "Title of /c"), ("gone", "Title of /b")]
    assert second.archive.summary.changed == len(told) - 2 >= 1
    third = handbook.run()
    assert third.archive is not None
    assert (third.changed, third.archive.key) == (False, second.archive.key)


def test_a_first_scheduled_run_is_a_full_one(handbook: Handbook) -> None:
    first = handbook.run()
    assert (first.changed, handbook.used(), len(handbook.mails())) == (True, (1, 1, 0), 1)


def test_an_archive_is_deleted_with_the_last_generation_that_refers_to_it(handbook: Handbook) -> None:
    services = handbook.place.services
    first, second, third = handbook.run(Trigger.MANUAL), handbook.run(), handbook.run()
    text = handbook.read(third, "llms.txt")
    for gone, left in ((first, third), (third, second)):
        delete_generation(services, handbook.again(gone))
        assert len(handbook.archives()) == 1
        assert handbook.read(handbook.again(left), "llms.txt") == text
    delete_generation(services, handbook.again(second))
    assert handbook.place.stored_keys() == []


def test_an_archive_expires_with_the_last_generation_that_refers_to_it(handbook: Handbook) -> None:
    first, second, third = handbook.run(Trigger.MANUAL), handbook.run(), handbook.run()
    renewed = handbook.again(first)
    assert renewed.expires_at == second.expires_at
    assert second.expires_at is not None
    assert third.expires_at is not None

    def expire(time: Any) -> int:
        services = handbook.place.services_at(time)
        return expire_files(services, until=time + timedelta(minutes=1))

    assert expire(second.expires_at) == 1  # the first; the expiry of the second was renewed by the third
    assert expire(second.expires_at) == 0
    assert len(handbook.archives()) == 1
    assert handbook.read(handbook.again(third), "llms.txt")
    assert expire(third.expires_at) == 2
    assert handbook.archives() == []


@pytest.mark.parametrize("how", ["deleted", "lost", "expired"])
def test_if_the_earlier_archive_is_gone_the_run_is_a_full_one(handbook: Handbook, how: str) -> None:
    first = handbook.run(Trigger.MANUAL)
    assert first.archive is not None
    match how:
        case "deleted":
            delete_generation(handbook.place.services, first)
        case "lost":
            handbook.place.archives.delete([first.archive.key])
        case _:
            handbook.place.generations.release_archive(first, now())
    second = handbook.run()
    assert (second.changed, handbook.used()) == (True, (2, 2, 0))
    assert second.archive is not None
    assert second.archive.key == archive_key(second.user_id, second.id, second.fence)
    assert readable_archive(handbook.place.services, second).key in handbook.archives()


def test_malware_withdraws_every_run_that_refers_to_the_archive(handbook: Handbook) -> None:
    place = handbook.place
    older, first, second = handbook.run(Trigger.MANUAL), handbook.run(Trigger.MANUAL), handbook.run()
    assert first.archive is not None
    assert second.archive is not None
    assert second.archive.key == first.archive.key
    # The scanner's events may come twice.
    assert [withdraw_files(place.services, first.archive.key) for _ in range(2)] == [True, True]
    for run in (first, second):
        withdrawn = handbook.again(run)
        assert (withdrawn.error_code, withdrawn.can_download(now())) == ("malware_found", False)
        with pytest.raises(Gone, match="malware scan found a problem") as refused:
            readable_archive(place.services, withdrawn)
        assert refused.value.code == "malware_found"
    assert handbook.read(handbook.again(older), "llms.txt")
    third = handbook.run()
    assert third.archive is not None
    assert third.changed is True
    assert third.archive.key == archive_key(third.user_id, third.id, third.fence)
    assert readable_archive(place.services, third).key in handbook.archives()
    # If archives are scanned, a lost archive is reported as gone, not as temporarily unreadable.
    scanning = replace(
        place.services, settings=place.services.settings.model_copy(update={"malware_scan": True})
    )
    place.archives.delete([third.archive.key])
    with pytest.raises(Gone, match="no longer exist; start a new generation"):
        readable_archive(scanning, handbook.again(third))


def test_a_website_is_purged_with_the_archives_that_its_generations_share(handbook: Handbook) -> None:
    first, _, _ = handbook.run(Trigger.MANUAL), handbook.run(), handbook.run()
    delete_generation(handbook.place.services, handbook.again(first))
    website = handbook.place.websites.get_for_user(handbook.user.id, handbook.website.id)[1]
    assert website is not None
    purge = remove_website(handbook.place.services, website)
    assert purge is not None
    assert purge_website(handbook.place.services, purge, until=now() + timedelta(minutes=1))
    assert handbook.place.stored_keys() == []


def test_a_deletion_that_is_repeated_counts_once(handbook: Handbook) -> None:
    first, second = handbook.run(Trigger.MANUAL), handbook.run()
    generations, time = handbook.place.generations, now()
    current = handbook.again(first)
    # A deletion that crashes after it released its reference is repeated later.
    assert not generations.release_archive(current, time)
    assert not generations.release_archive(handbook.again(first), time)
    delete_generation(handbook.place.services, handbook.again(first))
    assert handbook.read(handbook.again(second), "llms.txt")


def test_an_archive_that_the_bucket_would_delete_too_early_is_replaced() -> None:
    key = archive_key("u", new_id(), 1)
    assert not outlives_bucket(key, until=now() + timedelta(days=390))
    assert outlives_bucket(key, until=now() + timedelta(days=396))
