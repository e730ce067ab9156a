"""The image run as on Fargate: read-only, almost without privileges, with a restricted network and separate users."""

import hashlib
import io
import json
import shutil
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from llmready.domain.generation import Generation, Status
from llmready.domain.generation_files import archive_key
from testkit.emulator import Place
from testkit.people import queued
from testkit.sites import Site, drawn_by_script, numbered, serve
from testkit.worker_process import now_stored, until
from tests.image.fargate import Task, status_of
from tests.image.fence import Fence

WORKER, CRAWLERS = "10001", ("10011", "10012")
RIGHTS = f"{1 << 5 | 1 << 6 | 1 << 7:016x}"  # KILL, SETGID, SETUID in capabilities(7)
NONE = f"{0:016x}"
HOSTILE = Path(__file__).parent / "hostile.py"
SURVIVOR = Path(__file__).parent / "survivor.py"


def reachable(fence: Fence, site: Site) -> str:
    """Make a site reachable from the restricted network and return its host and port."""
    fence.door(int(site.host.rpartition(":")[2]))
    return site.host


def _is_final(place: Place, generation: Generation) -> bool:
    return now_stored(place, generation).status.is_final


def _begun(place: Place, generation: Generation) -> bool:
    return now_stored(place, generation).pages_crawled > 0


def test_a_job_from_the_queue_becomes_a_zip(
    plain: str, place: Place, fence: Fence, start_task: Callable[..., Task]
) -> None:
    with serve(numbered(12)) as site:
        generation = queued(place, site.url)
        task = start_task(plain, crawl_allow=reachable(fence, site))
        assert task.wait() == 0, task.output()

    done = now_stored(place, generation)
    assert done.status is Status.COMPLETED, task.output()
    assert (done.pages_crawled, done.total_pages, done.pages_failed) == (12, 12, 0)
    assert done.archive is not None
    assert done.archive.key == archive_key(generation.user_id, generation.id, 1)
    body = place.s3.get_object(Bucket=place.name, Key=done.archive.key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == done.archive.sha256
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert {"llms.txt", "llms-full.txt", "manifest.json"} <= set(names)
    assert not task.said("crawlers run as the worker's Unix user, because the worker is not root")
    # The credentials expire soon, although the worker has removed their address from its environment.
    assert fence.credentials_given > 1


def test_worker_and_crawlers_are_users_of_their_own_and_none_can_gain_rights(
    plain: str, place: Place, fence: Fence, start_task: Callable[..., Task]
) -> None:
    with serve(numbered(24), latency=0.5) as site, serve(numbered(24), latency=0.5) as another:
        generations = [queued(place, one.url) for one in (site, another)]
        allowed = ",".join(reachable(fence, one) for one in (site, another))
        task = start_task(plain, crawl_allow=allowed)
        for generation in generations:
            until(partial(_begun, place, generation), seconds=30)
        init, *others = task.processes()
        limits = task.inspect()["HostConfig"]
        found = {pid: status_of(pid) for pid in others}
        memory = task.processes()
        homes = {found[pid]["Uid"].split()[0]: Path(f"/proc/{pid}/cwd").stat() for pid in others}
        asked = time.monotonic()
        assert task.stop() == 0, task.output()
        assert time.monotonic() - asked < 60
    assert memory[0] == init
    assert limits["ReadonlyRootfs"] is True
    assert limits["Memory"] == 2048 << 20
    users = {pid: status["Uid"].split()[0] for pid, status in found.items()}
    assert set(users.values()) == {WORKER, *CRAWLERS}, found
    for crawler in CRAWLERS:
        home = homes[crawler]
        assert (home.st_uid, home.st_gid, home.st_mode & 0o777) == (int(WORKER), int(crawler), 0o770)
    for pid, status in found.items():
        assert status["NoNewPrivs"] == "1"
        assert status["CapEff"] == (RIGHTS if users[pid] == WORKER else NONE), status
        assert status["CapAmb"] == NONE
    # After SIGTERM, the worker hands its generation back.
    for generation in generations:
        waiting = now_stored(place, generation)
        assert (waiting.status, waiting.lease_expires_at) == (Status.PENDING, None)
    assert place.waiting(place.queue_urls[generations[0].lane]) == (2, 0)
    assert task.said("worker ends")


def test_taken_over_crawler_finds_no_credentials(
    plain: str, place: Place, fence: Fence, start_task: Callable[..., Task], tmp_path: Path
) -> None:
    crawler, report = tmp_path / "crawler", tmp_path / "report"
    crawler.mkdir()
    report.mkdir()
    report.chmod(0o777)
    (crawler / "__init__.py").touch()
    shutil.copy(HOSTILE, crawler / "__main__.py")
    generation = queued(place)
    task = start_task(
        plain,
        mounts=[f"{crawler}:/opt/llmready/app/llmready/crawler:ro", f"{report}:/report"],
        idle_seconds=30,
    )
    until(lambda: now_stored(place, generation).status is Status.FAILED, seconds=30)
    secret = fence.credentials_path.encode()
    holders = [pid for pid in task.processes() if secret in Path(f"/proc/{pid}/environ").read_bytes()]
    assert len(holders) >= 2  # the init and the worker: there is something to find
    assert task.stop() == 0

    text = (report / "found.json").read_text()
    found = json.loads(text)
    assert fence.credentials_path not in text
    assert fence.credentials_path[-36:] not in text
    assert not {name for name in found["environment"] if name.startswith(("AWS_", "ECS_"))}
    assert set(found["environment"]) <= {
        "LANG",
        "LC_CTYPE",
        "PYTHONPATH",
        "PATH",
        "HOME",
        "TMPDIR",
        "LLMREADY_CRAWL_ALLOW",
    }
    assert len(set(found["status"]["Uid"].split())) == 1
    assert found["status"]["Uid"].split()[0] in CRAWLERS
    assert found["status"]["Groups"] == ""
    assert found["status"]["CapPrm"] == found["status"]["CapEff"] == NONE
    assert found["status"]["NoNewPrivs"] == "1"
    assert len(found["others"]) >= 2, found["others"]
    for process, looked in found["others"].items():
        for what, outcome in looked.items():
            assert outcome in ("EACCES", "EPERM"), (process, what, outcome)
    for what in ("root", "worker", "groups"):
        assert found[what] == "EPERM", what
    for place_, outcome in found["writing"].items():
        assert outcome in ("EROFS", "EACCES"), (place_, outcome)
    assert found["work"] == "EACCES"
    assert found["outside"] == "ENETUNREACH"
    # The address answers, as on Fargate, but returns nothing without the ID.
    assert found["credentials"] == "HTTP 404"
    assert found["programs"] == ["node", "python", "python3.13", "setpriv"]


def test_taken_over_crawler_leaves_nothing_for_the_next_job(
    plain: str, place: Place, start_task: Callable[..., Task], tmp_path: Path
) -> None:
    crawler, report = tmp_path / "crawler", tmp_path / "report"
    crawler.mkdir()
    report.mkdir()
    report.chmod(0o777)
    (crawler / "__init__.py").touch()
    shutil.copy(SURVIVOR, crawler / "__main__.py")
    task = start_task(
        plain,
        mounts=[f"{crawler}:/opt/llmready/app/llmready/crawler:ro", f"{report}:/report"],
        crawlers_per_task=1,
        generation_retries=0,
        idle_seconds=30,
    )
    for number in (1, 2):
        generation = queued(place)
        until(partial(_is_final, place, generation), seconds=60)
        ended = now_stored(place, generation)
        assert (ended.status, ended.error_code) == (Status.FAILED, "internal_error"), task.output()
        found = json.loads((report / f"{number}.json").read_text())
        # Each job leaves processes that fork, stop others and hide, a file in memory, and a pipe as its result.
        assert found["processes"] == [], number
        assert found["files"] == [], number
        assert found["limit"] == 512
        assert found["user"] == int(CRAWLERS[0])
        crawlers = [pid for pid in task.processes() if status_of(pid)["Uid"].split()[0] in CRAWLERS]
        assert crawlers == [], number
    assert task.stop() == 0, task.output()
    assert not task.said("a Unix user for crawlers was retired, because its processes or files remain")


def test_a_page_that_needs_a_browser_is_rendered(
    browser: str, place: Place, fence: Fence, start_task: Callable[..., Task]
) -> None:
    with serve(drawn_by_script) as site:
        generation = queued(place, site.url, use_playwright=True)
        task = start_task(browser, cpu=1024, memory=4096, browser="true", crawl_allow=reachable(fence, site))
        assert task.wait() == 0, task.output()
    done = now_stored(place, generation)
    assert done.status is Status.COMPLETED, task.output()
    assert done.archive is not None
    body = place.s3.get_object(Bucket=place.name, Key=done.archive.key)["Body"].read()
    assert "The sum is 42." in zipfile.ZipFile(io.BytesIO(body)).read("llms-full.txt").decode()


def test_idle_task_stops_at_once_on_sigterm(plain: str, start_task: Callable[..., Task]) -> None:
    task = start_task(plain, idle_seconds=60)
    until(lambda: task.said("worker ready"))
    asked = time.monotonic()
    assert task.stop() == 0
    assert time.monotonic() - asked < 5


def test_three_seconds_from_start_to_the_first_poll(
    plain: str, fence: Fence, start_task: Callable[..., Task]
) -> None:
    took = []
    for _ in range(3):  # other tests may have the machine for a moment
        task = start_task(plain, idle_seconds=60)
        polled = until(partial(fence.first, b"AmazonSQS.ReceiveMessage", since=task.started))
        took.append(polled - task.started)
        task.stop()
        if took[-1] <= 3:
            break
    assert min(took) <= 3, took
