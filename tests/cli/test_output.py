"""The client's output on a terminal and in a pipe, and how it finds the server."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from llmready.cli.exit_codes import ExitCode
from llmready.domain.clock import new_id
from tests.cli.server import Server
from tests.cli.test_trouble import Ada, ada, server

__all__ = ["ada", "server"]
LLMREADY = Path(sys.executable).with_name("llmready")
NAME = "A website with a long name " * 12
REASON = "The website's name is not known, so no page of it could be read. " * 3


def entry(status: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "website_name": NAME,
        "created_at": "2026-11-24T09:30:00.000Z",
        "status": status,
        "error_message": reason,
        "pages_crawled": 3,
        "total_pages": 12,
        "file_size": None,
    }


def with_history(server: Server, *entries: dict[str, Any]) -> None:
    answer = {"items": list(entries), "total": len(entries), "next_cursor": None}
    server.answers["/generations/history"] = [(200, answer)]


def on_terminal(*arguments: str, home: Path, columns: int = 200, **environment: str) -> tuple[int, str]:
    """Run a command with a terminal as its input and output; return its exit code and the output."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [LLMREADY, *arguments],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "TERM": "xterm",
            "COLUMNS": str(columns),
            **environment,
        },
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    seen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(ours, 65536)
        except OSError:  # the command has ended and closed the terminal
            break
        if not part:
            break
        seen += part
    os.close(ours)
    process.kill()
    return process.wait(), seen.decode()


def test_statuses_have_colours_only_on_a_terminal(ada: Ada, server: Server) -> None:
    statuses = {"completed": 32, "failed": 31, "cancelled": 33, "processing": 36}
    with_history(server, *map(entry, statuses))
    code, seen = on_terminal("history", home=ada.home)
    assert code == ExitCode.DONE, seen
    for status, colour in statuses.items():
        assert re.search(rf"\033\[{colour}m{status} *\033\[0m", seen), status
    with_history(server, *map(entry, statuses))
    assert "\033[3" not in on_terminal("history", home=ada.home, NO_COLOR="1")[1]
    with_history(server, *map(entry, statuses))
    assert "\033" not in ada.run("history")[1]


def test_changes_have_signs_everywhere_and_colours_on_a_terminal(ada: Ada, server: Server) -> None:
    page = {"title": "Rye bread", "url": "https://bakery.example/rye"}
    answer = {
        "since": new_id(),
        "added": [page],
        "removed": [{**page, "title": "Rolls"}],
        "changed": [{**page, "title": "Prices", "words_before": 120, "words_after": 150}],
        "unchanged": 7,
        "llms_txt_diff": "+- [Rye bread](https://bakery.example/rye)\n",
    }
    server.usual[f"/generations/{server.generation_id}/changes"] = answer
    command = ("changes", server.generation_id)
    lines = {32: "+ Rye bread", 31: "- Rolls", 33: "~ Prices (120 → 150 words)"}
    code, seen = on_terminal(*command, home=ada.home)
    assert code == ExitCode.DONE, seen
    for colour, line in lines.items():
        assert f"\033[{colour}m{line}" in seen, line
    code, out, _ = ada.run(*command)
    assert code == ExitCode.DONE
    assert "\033" not in out
    assert [line in out for line in lines.values()] == [True] * 3
    assert "1 changed, 1 added, 1 removed, 7 unchanged" in out
    assert json.loads(ada.run(*command, "--json")[1]) == answer


def test_the_history_says_why_a_generation_failed_and_nothing_wraps_in_a_pipe(
    ada: Ada, server: Server
) -> None:
    with_history(server, entry("failed", REASON), entry("completed"))
    # The environment sets 100 columns, although there is no terminal.
    code, out, _ = ada.run("history")
    assert code == ExitCode.DONE
    assert REASON.strip() in out
    assert NAME.strip() in out
    assert len(out.splitlines()) == 5  # the header, and two lines for each generation


def test_a_refusal_is_json_with_its_code(ada: Ada, server: Server) -> None:
    problem = {"detail": "You have used all.", "code": "quota_exceeded", "status": 403, "request_id": "r"}
    server.answers["/generations/quota/check"] = [(403, problem)]
    code, out, errors = ada.run("quota", "--json")
    assert code == ExitCode.NOT_ALLOWED
    assert json.loads(out) == {"error": problem}
    assert errors == "llmready: you have used all.\n"


@pytest.mark.parametrize(
    "command",
    [("login",), ("login", "a@example.org"), ("register",), ("reset-password", "t"), ("change-password",)],
)
def test_refused_connection_is_reported_before_any_prompt(command: tuple[str, ...], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so that connections are refused
        api = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, seen = on_terminal(*command, "--api", api, home=tmp_path)
    assert code == ExitCode.UNREACHABLE
    assert re.fullmatch(
        r"llmready: http://127.0.0.1:\d+/api/v1 cannot be reached \(.*\); check .*\r\n", seen
    ), seen


def test_the_system_of_a_clone_is_found_in_its_folders(ada: Ada, server: Server) -> None:
    """The last sign-in was at another port of this machine; the clone's system comes first."""
    known = json.loads(ada.credentials.read_text())
    login = known["logins"].pop(server.api)
    other = "http://localhost:9/api/v1"
    ada.credentials.write_text(json.dumps({"api": other, "logins": {other: login, server.api: login}}))
    assert ada.run("quota")[0] == ExitCode.UNREACHABLE
    folder = ada.home / "clone/docs/images"
    folder.mkdir(parents=True)
    (ada.home / "clone/.local").mkdir()
    (ada.home / "clone/.local/endpoints.json").write_text(json.dumps({"api": server.api}))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(ada.home),
        "XDG_CONFIG_HOME": str(ada.home / "config"),
    }
    asked = subprocess.run(
        [LLMREADY, "quota"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert asked.returncode == ExitCode.DONE, asked.stderr
    # A checkout may come from a stranger and name that person's server, which must not get a password or a key.
    (folder / ".local").mkdir()
    (folder / ".local/endpoints.json").write_text(json.dumps({"api": "https://api.invalid/api/v1"}))
    asked = subprocess.run(
        [LLMREADY, "quota"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert asked.returncode == ExitCode.DONE, asked.stderr
    # A user who signed in on another server stays connected to it.
    ada.credentials.write_text(json.dumps({"api": "https://api.invalid/api/v1", "logins": {}}))
    asked = subprocess.run(
        [LLMREADY, "quota"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (asked.returncode, "api.invalid" in asked.stderr) == (ExitCode.NOT_SIGNED_IN, True)
