"""Failures of the client: one sentence, a specific exit code, and no incomplete files."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from testkit.hostile_aws import GATEWAY_THROTTLED, GATEWAY_UNAVAILABLE
from tests.cli.server import Server, serving

LLMREADY = Path(sys.executable).with_name("llmready")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class Ada:
    """A user who is signed in to a server, with separate folders."""

    def __init__(self, home: Path, server: Server):
        self.home, self.server = home, server
        self.credentials = home / "config/llmready/credentials.json"
        self.credentials.parent.mkdir(parents=True)
        self.remember(time.time() + 900)

    def remember(self, expires_at: float) -> None:
        login = {
            "email": "ada@example.org",
            "access_token": "a",
            "refresh_token": "r",
            "expires_at": expires_at,
        }
        self.credentials.write_text(json.dumps({"api": self.server.api, "logins": {self.server.api: login}}))

    def start(self, *arguments: str, terminal: int | None = None, most: int | None = None) -> "Running":
        """Start a command; ``most`` is the largest file, in bytes, that it can write."""
        limit = ["prlimit", f"--fsize={most}"] if most is not None else []
        return subprocess.Popen(
            [*limit, LLMREADY, *arguments],
            cwd=self.home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "XDG_CONFIG_HOME": str(self.home / "config"),
                "XDG_CACHE_HOME": str(self.home / "cache"),
                "COLUMNS": "100",
                "TERM": "xterm",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
        )

    def run(self, *arguments: str, most: int | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, most=most)
        out, errors = process.communicate(timeout=60)
        return process.returncode, out, errors

    def fails(self, code: ExitCode, *arguments: str, most: int | None = None) -> str:
        """Run a command that fails, and return its one sentence."""
        got, out, errors = self.run(*arguments, most=most)
        assert (got, out) == (code, ""), errors
        return one_sentence(errors)

    def files(self) -> dict[str, int]:
        """Return the files in the folders with their sizes, except the lock and the login."""
        return {
            str(path.relative_to(self.home)): path.stat().st_size
            for path in self.home.rglob("*")
            if path.is_file() and path.name not in ("lock", "credentials.json")
        }


Running = subprocess.Popen[str]


@pytest.fixture
def ada(server: Server, tmp_path: Path) -> Ada:
    return Ada(tmp_path, server)


def one_sentence(errors: str) -> str:
    assert errors.startswith("llmready: "), errors
    assert errors.count("\n") == 1, errors
    return errors.removeprefix("llmready: ").rstrip("\n")


def wait_until(condition: Callable[[], object]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def begins(server: Server) -> list[int]:
    return [begin for _, path, begin in server.requests if path == "/files"]


def test_download_is_complete(ada: Ada, server: Server) -> None:
    code, out, errors = ada.run("download", server.generation_id)
    assert (code, errors) == (ExitCode.DONE, "")
    assert out.startswith("llmready_docs_1.zip: 2.1 MB, sha256 ")
    assert ada.files() == {"llmready_docs_1.zip": len(server.files)}
    assert (ada.home / "llmready_docs_1.zip").read_bytes() == server.files


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, "interrupted"),
        (signal.SIGTERM, ExitCode.TERMINATED, "terminated"),
    ],
)
def test_interrupted_download_continues_later(
    ada: Ada, server: Server, number: int, code: ExitCode, says: str
) -> None:
    server.pause = 0.2
    process = ada.start("download", server.generation_id)
    wait_until(lambda: any(size > 0 for name, size in ada.files().items() if name.endswith(".part")))
    process.send_signal(number)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, one_sentence(errors)) == (code, "", says)
    assert not list(ada.home.glob("*.zip"))
    assert not list(ada.home.rglob("*.partial"))
    server.pause = 0
    assert ada.run("download", server.generation_id)[0] == ExitCode.DONE
    assert begins(server)[0] == 0
    assert 0 < begins(server)[1] < len(server.files)
    assert ada.files() == {"llmready_docs_1.zip": len(server.files)}
    assert (ada.home / "llmready_docs_1.zip").read_bytes() == server.files


@pytest.mark.parametrize(
    "name", ["conftest.py", "Makefile", ".envrc", "../llmready_docs_1.zip", "llmready_x.py"]
)
def test_a_server_cannot_name_a_file_that_other_programs_run(ada: Ada, server: Server, name: str) -> None:
    server.file_name = name
    assert ada.run("download", server.generation_id)[0] == ExitCode.DONE
    written = {path.name for path in ada.home.iterdir() if path.is_file()}
    assert written == {f"llmready_{server.generation_id}.zip"}


def test_broken_connection_resumes_the_download(ada: Ada, server: Server) -> None:
    server.cuts = [500_000, 1_500_000]
    assert ada.run("download", server.generation_id)[0] == ExitCode.DONE
    first, second, third = begins(server)
    assert first == 0 < second <= 500_000 < third <= 1_500_000
    assert (ada.home / "llmready_docs_1.zip").read_bytes() == server.files


def test_a_connection_that_always_breaks(ada: Ada, server: Server) -> None:
    server.cuts = [100] * 50
    said = ada.fails(ExitCode.UNREACHABLE, "download", server.generation_id)
    assert said.startswith("the files cannot be reached (")
    assert not list(ada.home.glob("*.zip"))


def test_unexpected_content_is_refused(ada: Ada, server: Server) -> None:
    server.files = server.files[::-1]
    said = ada.fails(ExitCode.DAMAGED, "download", server.generation_id)
    assert said == "the downloaded file differs from the stored file, even after a retry; try again later"
    assert ada.files() == {}


@pytest.mark.parametrize("most", [0, 1_000_000])
def test_a_full_disk(ada: Ada, server: Server, most: int) -> None:
    said = ada.fails(ExitCode.NOT_WRITTEN, "download", server.generation_id, most=most)
    assert re.fullmatch(r".* could not be written: File too large", said)
    assert ada.files() == {}
    assert ada.run("download", server.generation_id)[0] == ExitCode.DONE


def test_unwritable_folder_is_reported(ada: Ada, server: Server) -> None:
    said = ada.fails(ExitCode.NOT_WRITTEN, "download", server.generation_id, "--out", "no/such/file.zip")
    assert said == "the folder no/such does not exist; create it first"
    (ada.home / "mine.zip").write_text("mine")
    said = ada.fails(ExitCode.REFUSED, "download", server.generation_id, "--out", "mine.zip")
    assert said == "mine.zip exists already and is a different file; --force replaces it"
    assert (ada.home / "mine.zip").read_text() == "mine"
    assert ada.run("download", server.generation_id, "--out", "mine.zip", "--force")[0] == ExitCode.DONE
    assert ada.files() == {"mine.zip": len(server.files)}


def test_progress_is_seen_on_a_terminal(ada: Ada, server: Server) -> None:
    server.states = [
        server.state("pending", 0),
        server.state("processing", 3),
        server.state("processing", 7),
        server.state("completed", 12),
    ]
    ours, theirs = pty.openpty()
    process = ada.start("watch", server.generation_id, terminal=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            some = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        seen += some
    os.close(ours)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.DONE
    assert out == "Completed: 12 pages, 2.1 MB.\n"
    places = [seen.find(text) for text in (b"3/12 pages", b"7/12 pages", b"12/12 pages")]
    assert -1 not in places
    assert places == sorted(places)
    assert "━" in seen.decode()
    assert f"llmready download {server.generation_id}" in seen.decode().replace("\r\n", " ")


def test_watching_without_a_terminal_prints_no_bar(ada: Ada, server: Server) -> None:
    server.states = [server.state("failed", 3, "The website's name is not known.")]
    said = ada.fails(ExitCode.GENERATION_FAILED, "watch", server.generation_id)
    assert said == "The website's name is not known."


def test_watching_survives_a_short_outage(ada: Ada, server: Server) -> None:
    busy = (503, {"detail": "The service is busy.", "code": "try_again"})
    server.answers[f"/generations/{server.generation_id}"] = [busy] * 4
    assert ada.run("watch", server.generation_id)[0] == ExitCode.DONE


def test_watching_may_be_interrupted(ada: Ada, server: Server) -> None:
    server.states = [server.state("processing", 3)]
    process = ada.start("watch", server.generation_id)
    wait_until(lambda: server.requests)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert one_sentence(errors).startswith("interrupted; the generation continues, and `llmready watch ")


def test_access_token_is_renewed_automatically(ada: Ada, server: Server) -> None:
    ada.remember(0)
    assert ada.run("quota")[0] == ExitCode.DONE
    login = json.loads(ada.credentials.read_text())["logins"][server.api]
    assert (login["access_token"], login["refresh_token"]) == ("new", "next")
    assert ada.credentials.stat().st_mode & 0o777 == 0o600


def test_a_login_that_has_expired(ada: Ada, server: Server) -> None:
    ada.remember(0)
    server.answers["/auth/refresh"] = [(401, {"detail": "The token is not valid.", "code": "invalid_token"})]
    said = ada.fails(ExitCode.NOT_SIGNED_IN, "quota")
    assert said == "your login has expired; sign in again with `llmready login`"
    assert ada.fails(ExitCode.NOT_SIGNED_IN, "quota").startswith("you are not signed in at ")


def test_failed_login_on_a_full_disk_keeps_the_previous_login(ada: Ada) -> None:
    ada.remember(0)
    before = ada.credentials.read_text()
    said = ada.fails(ExitCode.NOT_WRITTEN, "quota", most=0)
    assert re.fullmatch(r".*/credentials\.json could not be written: File too large", said)
    assert ada.credentials.read_text() == before
    assert ada.files() == {}


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ((503, {"detail": "The service is busy."}), ExitCode.UNREACHABLE, "the service is busy."),
        ((429, {"detail": "That was too often."}), ExitCode.TOO_MANY_REQUESTS, "that was too often."),
        ((403, {"detail": "Your plan allows 1."}), ExitCode.NOT_ALLOWED, "your plan allows 1."),
        ((404, {"detail": "There is no \x1b[31mone."}), ExitCode.NOT_FOUND, "there is no"),
        ((200, "<html>"), ExitCode.UNREACHABLE, "the server at "),
        ((502, {"message": "Internal Server Error"}), ExitCode.UNREACHABLE, "internal Server Error"),
        # API Gateway's own answers are no problem documents.
        (GATEWAY_THROTTLED, ExitCode.TOO_MANY_REQUESTS, "too Many Requests"),
        (GATEWAY_UNAVAILABLE, ExitCode.UNREACHABLE, "service Unavailable"),
    ],
)
def test_invalid_answers_are_reported(
    ada: Ada, server: Server, answer: tuple[int, object], code: ExitCode, says: str
) -> None:
    server.answers["/generations/quota/check"] = [answer] * 3
    said = ada.fails(code, "quota")
    assert said.startswith(says)
    assert "\x1b" not in said


def test_unreachable_server_is_reported(ada: Ada) -> None:
    said = ada.fails(ExitCode.USAGE, "quota", "--api", "http://api.example.com")
    assert said.endswith("would send your password without encryption; use https")
    said = ada.fails(ExitCode.NOT_SIGNED_IN, "quota", "--api", "http://127.0.0.1:9")
    assert said.startswith("you are not signed in at http://127.0.0.1:9")
