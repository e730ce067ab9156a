import hashlib
import io
import zipfile
from collections.abc import Callable

from llmready.domain.generation import Status, archive_key
from tests.e2e.sites import numbered, serve
from tests.emulator import Place
from tests.people import registered, started, with_website
from tests.worker.process import Worker, now_stored


def test_a_message_in_and_an_archive_out(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(12)) as site:
        user = registered(place)
        generation = started(place, user, with_website(place, user, site.url))
        place.jobs.send(generation)
        worker = start_worker(crawl_allow=site.host)
        assert worker.wait() == 0

    done = now_stored(place, generation)
    assert done.status is Status.COMPLETED, worker.log()
    assert (done.pages_crawled, done.total_pages, done.pages_failed) == (12, 12, 0)
    assert (done.progress_percentage, done.attempts, done.fence) == (100, 1, 1)
    assert done.archive is not None
    assert done.archive.key == archive_key(user.id, generation.id, 1)
    body = place.s3.get_object(Bucket=place.name, Key=done.archive.key)["Body"].read()
    assert len(body) == done.archive.file_size
    assert hashlib.sha256(body).hexdigest() == done.archive.sha256
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"llms.txt", "llms-full.txt", "manifest.json"} <= set(names)
    ledger = place.quotas.get(user.id, generation.month)
    assert (ledger.taken, ledger.used, ledger.reserved) == (1, 1, 0)
    assert place.waiting(place.queue_urls[generation.queue]) == (0, 0)
    assert place.waiting(place.mail_queue_url) == (1, 0)
    assert list(worker.work.iterdir()) == []
