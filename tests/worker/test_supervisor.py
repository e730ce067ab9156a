import asyncio
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from llmready.domain.generation import Progress
from llmready.domain.website import CrawlSettings
from llmready.worker.confinement import Confinement
from llmready.worker.crawl_order import Crawled, CrawlFailed, CrawlOrder, CrawlStopped, Outcome
from llmready.worker.crawl_process import Limits
from llmready.worker.supervisor import Supervisor
from testkit.worker_process import is_alive, running_in
from tests.worker.programs import crawler

MEGABYTE = 1 << 20


class Run:
    """A supervised program and its outcome."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress: list[Progress] = []
        self.stop = asyncio.Event()
        self.order = CrawlOrder("https://example.com/", CrawlSettings(max_pages=7), 30)

    def left(self) -> set[int]:
        """Return the processes of the crawl that have not ended. All of them work in its folder."""
        return running_in(self.folder)

    async def of(self, body: str, **limits: Any) -> Outcome:
        supervisor = Supervisor(
            Confinement(crawl_allow="127.0.0.1:9"),
            limits=Limits(**{"memory": 200 * MEGABYTE, "interval": 0.05, **limits}),
            command=crawler(body),
        )
        return await supervisor.crawl(self.order, self.folder, report=self.progress.append, stop=self.stop)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def failure_code(outcome: Outcome) -> tuple[str, bool]:
    assert isinstance(outcome, CrawlFailed)
    return outcome.failure.code, outcome.transient


async def test_a_crawl_that_completes(run: Run) -> None:
    outcome = await run.of("progress(1, 4); progress(3, 4, 1); completed(b'zip'); time.sleep(60)")
    assert isinstance(outcome, Crawled)
    assert outcome.archive.read_bytes() == b"zip"
    assert outcome.report.sha256 == hashlib.sha256(b"zip").hexdigest()
    assert (outcome.report.pages_crawled, outcome.report.pages_failed, outcome.report.total_files) == (
        3,
        1,
        7,
    )
    assert run.progress == [
        Progress(pages_crawled=1, total_pages=4),
        Progress(pages_crawled=3, total_pages=4, pages_failed=1),
    ]
    assert not run.left()


@pytest.mark.parametrize("transient", [True, False])
async def test_failed_crawl_keeps_its_message(run: Run, *, transient: bool) -> None:
    outcome = await run.of(f"failed('robots_disallowed', {transient}, 'Not wanted there.'); sys.exit(1)")
    assert failure_code(outcome) == ("robots_disallowed", transient)
    assert isinstance(outcome, CrawlFailed)
    assert outcome.failure.message == "Not wanted there."


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(0)",
        "raise RuntimeError('at https://secret.example.com/path')",
        "os.kill(os.getpid(), signal.SIGKILL)",
        'print(\'{"event": "completed"\'); sys.exit(1)',
        "print('x' * 100)\nprint(chr(0))\nprint('{}')\nprint('[' * 5000)\nprint('{\"event\": \"started\"}')",
        "completed(sha256='../../etc')",
        "failed('No Such Code!', False)",
        "say('progress', pages_crawled=-1, total_pages='4', pages_failed=0)",
        "completed(pages_crawled=10**30)",
        "completed(quality={'score': 101, 'reasons': []})",
        "completed(quality={'score': 50, 'reasons': [{'code': 'x' * 99, 'detail': 'x', 'points': 50}]})",
    ],
)
async def test_crashed_crawler_is_transient(run: Run, body: str) -> None:
    assert failure_code(await run.of(body)) == ("internal_error", True)
    assert run.progress == []


async def test_lines_that_are_not_events_are_ignored(run: Run) -> None:
    outcome = await run.of(
        """
        print("hello"); print("x" * 300_000); print("\\x00\\xff"); print("[1]"); progress(2, 3)
        sys.stderr.write("noise" * 200_000)
        completed()
        """
    )
    assert isinstance(outcome, Crawled)
    assert run.progress == [Progress(pages_crawled=2, total_pages=3)]


@pytest.mark.parametrize(
    "body",
    [
        "while True: print('nonsense')",
        "while True: sys.stdout.write('x' * 65536)",
        "while True: progress(1, 2)",
    ],
    ids=["lines", "one endless line", "events"],
)
async def test_flooding_crawler_is_killed_while_others_continue(run: Run, body: str) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(beat())
    begun = time.monotonic()
    outcome = await run.of(body)
    took = time.monotonic() - begun
    beating.cancel()
    assert failure_code(outcome) == ("internal_error", True)
    assert beats > took * 15
    assert not run.left()


async def test_silent_crawler_is_killed(run: Run) -> None:
    assert failure_code(await run.of("time.sleep(60)", silence=0.5)) == ("internal_error", True)


async def test_overdue_crawler_is_killed(run: Run) -> None:
    run.order = run.order._replace(seconds=0)
    body = "while True: progress(1, 2); time.sleep(0.05)"
    assert failure_code(await run.of(body, packing=0.6)) == ("timeout", True)
    assert not run.left()


async def test_a_crawler_that_takes_too_much_memory_is_ended_with_its_children(run: Run) -> None:
    outcome = await run.of(
        """
        hold = "x = bytearray(90 * 2**20); import time; time.sleep(60)"
        for _ in range(3):
            subprocess.Popen([sys.executable, "-c", hold], start_new_session=True)
        time.sleep(60)
        """
    )
    assert failure_code(outcome) == ("budget_exceeded", False)
    assert not run.left()


async def test_children_end_with_their_crawler_even_out_of_its_group(run: Run, tmp_path: Path) -> None:
    outcome = await run.of(
        f"""
        children = [
            subprocess.Popen(["sleep", "60"]),
            subprocess.Popen(["sleep", "60"], start_new_session=True),
        ]
        pathlib.Path({str(tmp_path)!r}, "pids").write_text(json.dumps([child.pid for child in children]))
        time.sleep(2)  # the supervisor looks at the processes every 0.05 s, later on a busy machine
        completed()
        """
    )
    assert isinstance(outcome, Crawled)
    for pid in json.loads((tmp_path / "pids").read_text()):
        assert not is_alive(pid)


async def test_killed_processes_have_ended_when_the_crawl_returns(run: Run) -> None:
    # Such processes take a while to end, because the kernel frees their memory first.
    outcome = await run.of(
        """
        hold = "x = bytearray(150 * 2**20); print('ready', flush=True); import time; time.sleep(60)"
        for _ in range(3):
            child = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            child.stdout.readline()
        completed()
        """,
        memory=1000 * MEGABYTE,
    )
    assert isinstance(outcome, Crawled)
    assert not run.left()


async def test_a_dead_crawler_is_noticed_although_a_child_holds_its_pipes(run: Run) -> None:
    begun = time.monotonic()
    outcome = await run.of("subprocess.Popen(['sleep', '60']); time.sleep(0.3); os._exit(1)")
    assert failure_code(outcome) == ("internal_error", True)
    assert time.monotonic() - begun < 5


async def test_stopped_crawler_can_clean_up(run: Run, tmp_path: Path) -> None:
    asyncio.get_running_loop().call_later(0.5, run.stop.set)
    outcome = await run.of(
        f"""
        def bye(*_):
            pathlib.Path({str(tmp_path)!r}, "bye").touch()
            sys.exit(143)
        signal.signal(signal.SIGTERM, bye)
        while True: time.sleep(0.1)
        """
    )
    assert isinstance(outcome, CrawlStopped)
    assert (tmp_path / "bye").exists()


async def test_a_crawler_that_ignores_its_stop_is_killed(run: Run) -> None:
    asyncio.get_running_loop().call_later(0.5, run.stop.set)
    begun = time.monotonic()
    outcome = await run.of("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)", stopping=0.3)
    assert isinstance(outcome, CrawlStopped)
    assert time.monotonic() - begun < 3
    assert not run.left()


async def test_cancelling_kills_the_crawler(run: Run) -> None:
    running = asyncio.create_task(run.of("time.sleep(60)"))
    await asyncio.sleep(0.5)
    assert run.left()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not run.left()


async def test_crawler_environment_has_no_secrets(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "LLMREADY_TABLE",
        "TOKEN",
    ):
        monkeypatch.setenv(name, "secret")
    for name in ("PYTHONPATH", "LLMREADY_CHROMIUM"):  # passed on where they are set
        monkeypatch.delenv(name, raising=False)
    await run.of(
        f"""
        pathlib.Path({str(tmp_path)!r}, "found").write_text(json.dumps(
            {{"env": dict(os.environ), "cwd": os.getcwd(), "options": options, "sid": os.getsid(0),
              "pid": os.getpid(), "descriptors": os.listdir("/proc/self/fd")}}))
        completed()
        """
    )
    found = json.loads((tmp_path / "found").read_text())
    home = str(tmp_path / "crawl")
    assert found["env"].keys() - {"LC_CTYPE"} == {"PATH", "LANG", "HOME", "TMPDIR", "LLMREADY_CRAWL_ALLOW"}
    assert (found["env"]["HOME"], found["env"]["TMPDIR"], found["cwd"]) == (home, home, home)
    assert found["env"]["LLMREADY_CRAWL_ALLOW"] == "127.0.0.1:9"
    assert found["sid"] == found["pid"]
    assert len(found["descriptors"]) == 4
    assert found["options"] == {
        "out": f"{home}/out",
        "keep": f"{home}/kept.answers",
        "checkpoint": f"{home}/checkpoint",
        "found": f"{home}/found",
        "max-pages": "7",
        "timeout": "30",
        "link-target": "page",
        "zip": "",
        "events": "",
        "take-turns": "",
    }


async def test_crawler_gets_the_settings_of_the_website(run: Run, tmp_path: Path) -> None:
    wanted = CrawlSettings(
        include_patterns=["/a/*", "b"],
        exclude_patterns=["-x"],
        languages=["fr", "pt-BR"],
        use_playwright=True,
        link_target="markdown",
        try_http=True,
    )
    run.order = run.order._replace(settings=wanted)
    await run.of(f"pathlib.Path({str(tmp_path)!r}, 'found').write_text(json.dumps(options))")
    found = json.loads((tmp_path / "found").read_text())
    assert (found["include"], found["exclude"]) == ("/a/*,b", "-x")
    assert found["languages"] == "fr,pt-BR"
    assert {"use-playwright", "try-http"} <= set(found)
    assert found["link-target"] == "markdown"
