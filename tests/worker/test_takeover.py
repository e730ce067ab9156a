"""A crawler that a page has taken over leaves no process and no file behind, and its results are not trusted."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmready.domain.website import CrawlSettings
from llmready.worker import crawler_user
from llmready.worker.crawl_order import Crawled, CrawlFailed, CrawlOrder, Outcome
from llmready.worker.crawler_user import UserProcesses
from llmready.worker.job_pool import JobPool
from llmready.worker.supervisor import Supervisor
from tests.worker.strangers import UID, living, open_folder, supervisor

SURVIVORS = {
    "ignores signals": """
        def survivor():
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            time.sleep(600)
        """,
    "stops all processes of its user": """
        def survivor():
            while True: os.kill(-1, signal.SIGSTOP)
        """,
    "kills all processes of its user": """
        def survivor():
            time.sleep(0.5)
            while True: os.kill(-1, signal.SIGKILL)
        """,
    "forks without end": """
        def survivor():
            import resource
            resource.setrlimit(resource.RLIMIT_NPROC, (300, 300))
            while True:
                try: os.fork()
                except OSError: pass
        """,
    "forks without end and continues what was stopped": """
        def survivor():
            import resource
            resource.setrlimit(resource.RLIMIT_NPROC, (300, 300))
            while True:
                try: os.fork()
                except OSError: pass
                try: os.kill(-1, signal.SIGCONT)
                except OSError: pass
        """,
    "has ended its first thread": """
        def survivor():
            import ctypes, threading
            threading.Thread(target=time.sleep, args=(600,)).start()
            ctypes.CDLL(None).pthread_exit(None)
        """,
    "has made itself hard to look into": """
        def survivor():
            import ctypes
            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
            ctypes.CDLL(None).prctl(15, b"kworker/0:1\\n) Z", 0, 0, 0)
            time.sleep(600)
        """,
}


async def crawl(crawlers: Supervisor, folder: Path) -> Outcome:
    job = folder / f"job-{time.monotonic_ns()}"
    job.mkdir()
    order = CrawlOrder("https://example.com/", CrawlSettings(), 30)
    return await crawlers.crawl(order, job, report=lambda _: None, stop=asyncio.Event())


@pytest.mark.parametrize("survivor", SURVIVORS)
async def test_no_process_outlives_its_crawl(survivor: str) -> None:
    with open_folder() as folder:
        body = SURVIVORS[survivor] + "\n        escape(survivor); time.sleep(0.3); completed()"
        crawlers = supervisor(folder, body, silence=2)
        started = time.monotonic()
        await crawl(crawlers, folder)
        assert living() == []
        assert time.monotonic() - started < 10
        assert not crawlers.is_retired
        # The next crawl of the same user is not disturbed.
        assert isinstance(await crawl(supervisor(folder, "completed()"), folder), Crawled)


async def test_processes_of_other_users_are_not_killed() -> None:
    other = UID + 1
    with open_folder() as folder:
        sleeper = await asyncio.create_subprocess_exec(
            "sleep", "60", user=other, group=other, extra_groups=[]
        )
        try:
            await crawl(supervisor(folder, "escape(lambda: time.sleep(60)); completed()"), folder)
            assert living() == []
            assert sleeper.returncode is None
        finally:
            sleeper.kill()
            await sleeper.wait()


async def test_a_process_that_cannot_be_killed_fails_the_crawl_and_retires_its_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_folder() as folder:
        crawlers = supervisor(folder, "escape(lambda: time.sleep(600)); completed()", ending=0.3)
        with monkeypatch.context() as patched:
            # Simulate processes that wait for a device, which no signal can interrupt.
            patched.setattr(crawler_user, "_send_and_exit", lambda *_: os._exit(0))
            patched.setattr(UserProcesses, "_kill", lambda *_: None)
            outcome = await crawl(crawlers, folder)
        assert isinstance(outcome, CrawlFailed)
        assert (outcome.failure.code, outcome.transient) == ("internal_error", True)
        assert crawlers.is_retired


async def test_the_memory_of_escaped_processes_counts() -> None:
    with open_folder() as folder:
        body = """
        def survivor():
            import ctypes, threading
            hold = bytearray(400 << 20)
            threading.Thread(target=time.sleep, args=(600,)).start()
            ctypes.CDLL(None).pthread_exit(None)
        escape(survivor); time.sleep(20)
        """
        outcome = await crawl(supervisor(folder, body), folder)
        assert isinstance(outcome, CrawlFailed)
        assert outcome.failure.code == "budget_exceeded"
        assert living() == []


def test_all_files_of_a_crawl_are_removed() -> None:
    shared = Path("/dev/shm", f"llmready-{os.getpid()}")  # noqa: S108 - a place that all users share is meant
    with open_folder() as folder:
        secret = folder / "secret"
        secret.write_text("stays")
        body = f"""
        import ctypes
        umask = os.umask(0o777)
        pathlib.Path("closed").mkdir()
        os.umask(umask)
        pathlib.Path("linked").symlink_to({str(folder)!r})
        for number in range(3000): pathlib.Path(f"file-{{number}}").touch()
        pathlib.Path({str(shared)!r}).mkdir()
        pathlib.Path({str(shared)!r}, "inner").touch()
        ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600)
        for number in range(4500):
            os.mkdir("deeper")
            os.chdir("deeper")
        completed()
        """
        crawlers = supervisor(folder, body)
        job = folder / "job"
        job.mkdir()
        order = CrawlOrder("https://example.com/", CrawlSettings(), 60)
        asyncio.run(crawlers.crawl(order, job, report=lambda _: None, stop=asyncio.Event()))
        assert (job / "crawl" / "deeper").exists()
        assert shared.exists()
        assert _shared_memory_of(UID)
        asyncio.run(crawlers.remove_files(job))
        assert list((job / "crawl").iterdir()) == []
        assert not shared.exists()
        assert not _shared_memory_of(UID)
        assert secret.read_text() == "stays"
        assert not crawlers.is_retired


def _shared_memory_of(uid: int) -> list[str]:
    names, *lines = Path("/proc/sysvipc/shm").read_text().splitlines()
    column = names.split().index("uid")
    return [line for line in lines if line.split()[column] == str(uid)]


async def test_a_context_whose_user_is_retired_gets_no_further_job() -> None:
    def context(*, retired: bool) -> Any:
        return SimpleNamespace(supervisor=SimpleNamespace(is_retired=retired))

    message: Any = SimpleNamespace(generation_id="g", user_id="u", correlation_id="c")
    pool = JobPool([context(retired=False), context(retired=True)], asyncio.Event())
    for _ in range(2):  # the second context comes first
        pool.start(message)
        await pool.wait_for_all()
    assert not pool.is_full
    pool = JobPool([context(retired=True)], asyncio.Event())
    pool.start(message)
    await pool.wait_for_all()
    assert pool.is_retired


def test_a_worker_whose_crawlers_have_own_users_limits_processes() -> None:
    program = (
        "import resource; from llmready.worker.confinement import confine_worker; "
        "confine_worker(limit_processes=True); print(resource.getrlimit(resource.RLIMIT_NPROC)[1])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(told.stdout) == 512
