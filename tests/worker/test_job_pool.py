"""Several generations in one worker: each has its own lease, crawler and checkpoint."""

import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from llmready.domain.generation import Generation, Status
from llmready.usecases.cancel_generation import cancel_generation
from llmready.worker.confinement import Confinement
from testkit import needs
from testkit.emulator import Place
from testkit.people import queued, registered, started, with_website
from testkit.sites import numbered, serve
from testkit.worker_process import Worker, children_of, now_stored, until


def _traced(place: Place, url: str) -> Generation:
    """Return a queued generation with its own correlation ID."""
    user = registered(place)
    generation = started(place, user, with_website(place, user, url), correlation_id=f"of {url}")
    place.jobs.send(generation)
    return generation


def _all_run(place: Place, generations: list[Generation]) -> bool:
    found = [now_stored(place, generation) for generation in generations]
    return all(g.status is Status.PROCESSING and g.pages_crawled > 0 for g in found)


def test_two_crawls_at_once_and_one_that_is_cancelled_leaves_the_other(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(60), latency=0.4) as long, serve(numbered(16), latency=0.4) as short:
        cancelled, other = _traced(place, long.url), _traced(place, short.url)
        worker = start_worker(crawl_allow=f"{long.host},{short.host}", crawlers_per_task=2)
        until(lambda: _all_run(place, [cancelled, other]), seconds=40)
        assert len(children_of(worker.pid, deep=False)) == 2
        cancel_generation(place.services, cancelled)
        until(lambda: len(children_of(worker.pid, deep=False)) == 1, seconds=10)
        assert now_stored(place, other).status is Status.PROCESSING
        assert worker.wait(60) == 0
    done = now_stored(place, other)
    assert (done.status, done.pages_crawled, done.attempts) == (Status.COMPLETED, 16, 1), worker.log()
    stopped = now_stored(place, cancelled)
    assert (stopped.status, stopped.fence) == (Status.CANCELLED, 1)
    assert [key for key in place.stored_keys() if key.endswith(".zip")] == [done.archive and done.archive.key]
    assert list(worker.work.iterdir()) == []
    # Each line contains the correlation ID of its request, although two jobs wrote logs.
    named = {
        (line["generation_id"], line["correlation_id"]) for line in worker.log() if "generation_id" in line
    }
    assert named == {(g.id, g.correlation_id) for g in (cancelled, other)}


def test_all_jobs_of_a_worker_are_handed_back_and_resumed(
    place: Place, start_worker: Callable[..., Worker]
) -> None:
    with serve(numbered(20), latency=0.3) as one, serve(numbered(20), latency=0.3) as two:
        generations = [queued(place, site.url) for site in (one, two)]
        settings = {"crawl_allow": f"{one.host},{two.host}", "crawlers_per_task": 2}
        first = start_worker(**settings)
        until(lambda: _all_run(place, generations), seconds=40)
        first.signal(signal.SIGTERM)
        assert first.wait(60) == 0
        for generation in generations:
            waiting = now_stored(place, generation)
            assert (waiting.status, waiting.attempts) == (Status.PENDING, 0)
        checkpoints = [key for key in place.stored_keys() if key.startswith("checkpoints/")]
        assert len(checkpoints) == 2
        assert list(first.work.iterdir()) == []
        assert start_worker(**settings).wait(60) == 0
    for generation in generations:
        done = now_stored(place, generation)
        assert (done.status, done.pages_crawled, done.attempts) == (Status.COMPLETED, 20, 1)
    assert not [key for key in place.stored_keys() if key.startswith("checkpoints/")]


def test_a_worker_takes_no_more_than_its_setting(place: Place, start_worker: Callable[..., Worker]) -> None:
    with serve(numbered(5), latency=0.3) as one, serve(numbered(5), latency=0.3) as two:
        generations = [queued(place, site.url) for site in (one, two)]
        worker = start_worker(crawl_allow=f"{one.host},{two.host}", crawlers_per_task=1)
        most = 0

        def all_have_ended() -> bool:
            nonlocal most
            found = [now_stored(place, generation) for generation in generations]
            most = max(most, sum(g.status is Status.PROCESSING for g in found))
            return all(g.status is Status.COMPLETED for g in found)

        until(all_have_ended, seconds=60)
        assert worker.wait(60) == 0
    assert most == 1


def test_no_crawler_enters_the_folder_of_another() -> None:
    needs.root()
    parent = Path(tempfile.mkdtemp(dir="/tmp"))
    users = [pwd.struct_passwd(("c", "x", uid, uid, "", "/", "/bin/false")) for uid in (54331, 54332)]
    try:
        home = Confinement(user=users[0]).make_folder(parent)
        (parent / "resume").write_text("what an earlier attempt had")
        (home / "page").write_text("what a site said")

        def may(user: pwd.struct_passwd, script: str) -> bool:
            done = subprocess.run(
                ["sh", "-c", script],
                capture_output=True,
                check=False,
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
            )
            return done.returncode == 0

        for script in (f"cat {home}/page", f"cat {parent}/resume", f"ls {home}", f"touch {home}/planted"):
            assert [may(user, script) for user in users] == [True, False], script
        assert not may(users[0], f"ls {parent}")
        assert not may(users[0], f"touch {parent}/planted")
    finally:
        shutil.rmtree(parent)
