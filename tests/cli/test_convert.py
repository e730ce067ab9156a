"""`llmready convert`: one page or many, without any service."""

from __future__ import annotations

import base64
import json
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from llmready.cli.exit_codes import ExitCode

LEAD = "Baking at home takes a day, of which the baker works for less than half an hour."
PAGE = (
    f"<title>Bread</title><meta name=description content='How to bake.'><main><h1>Bread</h1><p>{LEAD}</p>"
    "<p><a href=../rye.html>Rye</a></p></main>"
)


def _run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "llmready.cli.main", "convert", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


def _lines(*pages: dict[str, object]) -> bytes:
    return "".join(json.dumps(page) + "\n" for page in pages).encode()


def test_convert_writes_the_markdown_of_standard_input() -> None:
    done = _run("--url", "https://example.com/a/bread.html", stdin=PAGE.encode())
    assert done.returncode == 0
    assert done.stdout.decode() == f"# Bread\n\n{LEAD}\n\n[Rye](https://example.com/rye.html)\n"


def test_convert_reads_a_file_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "bread.html"
    file.write_text(PAGE)
    done = _run(str(file), "--url", "https://example.com/a/bread.html", "--json")
    page = json.loads(done.stdout)
    assert page["title"] == "Bread"
    assert page["description"] == "How to bake."
    assert page["page_type"] in {
        "article",
        "documentation",
        "forum",
        "product",
        "collection",
        "listing",
        "service",
    }


def test_convert_keeps_the_order_of_lines_and_continues_after_a_failed_page() -> None:
    cyrillic = "<main><p>Хлеб пекут целый день, но работы в нём меньше получаса.</p></main>"
    pages: list[dict[str, object]] = [
        {
            "id": number,
            "url": f"https://example.com/{number}",
            "html": PAGE.replace("Bread", f"Bread {number}"),
        }
        for number in range(20)
    ]
    pages[3] = {"id": 3, "url": "https://example.com/3", "html": "<main></main>"}
    pages[4] = {
        "id": 4,
        "url": "https://example.com/4",
        "body_base64": base64.b64encode(cyrillic.encode("windows-1251")).decode(),
        "content_type": "text/html; charset=windows-1251",
    }
    pages[5] = {"id": 5, "url": "not an address", "html": PAGE}
    done = _run("--jsonl", stdin=_lines(*pages))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(20))
    assert answers[19]["title"] == "Bread 19"
    assert answers[4]["markdown"].startswith("Хлеб пекут")
    assert [answer["id"] for answer in answers if answer["markdown"] == ""] == [3, 5]
    assert done.returncode == 1
    assert "error" in answers[3]


def test_convert_without_an_address_explains_the_option() -> None:
    done = _run(stdin=PAGE.encode())
    assert done.returncode == 2
    assert b"--url" in done.stderr


def test_invalid_lines_get_an_error_in_order() -> None:
    good = {"url": "https://example.com/", "html": PAGE}
    lines = [
        b"no JSON",
        b"[1]",
        b"{}",
        b'{"id": 3, "url": "https://example.com/"}',
        b'{"id": 4, "url": "https://example.com/", "html": null}',
        b'{"id": 5, "url": "https://example.com/", "body_base64": "%%%", "content_type": "text/html"}',
        b"[" * 100_000,
        json.dumps({**good, "id": 7, "html": PAGE.replace("Bread", "Br\ud800ead")}).encode(),
        json.dumps({**good, "id": "\ud800"}).encode(),
        json.dumps({**good, "id": 9}).encode().replace(b"Bread", b"Br\xffead"),
        b"   ",
        json.dumps({**good, "id": 10}).encode(),
    ]
    done = _run("--jsonl", stdin=b"\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in answer for answer in answers] == [True] * 7 + [False] * 4
    assert [answer["id"] for answer in answers[3:6] + answers[7:]] == [3, 4, 5, 7, "\ud800", 9, 10]
    assert all(LEAD in answer["markdown"] for answer in answers[7:])
    assert done.returncode == 1


def test_lines_that_are_no_pages_get_an_error() -> None:
    def line(number: int, kind: str, body: bytes, url: str = "https://example.com/a") -> dict[str, object]:
        return {
            "id": number,
            "url": url,
            "body_base64": base64.b64encode(body).decode(),
            "content_type": kind,
        }

    page = PAGE.encode()
    done = _run(
        "--jsonl",
        stdin=_lines(
            line(0, "application/pdf", b"%PDF-1.4"),
            line(1, "Image/PNG; a=b", b"\x89PNG\r\n"),
            line(2, "application/json", b'{"a": "<p>b"}'),
            line(3, "text/plain", b"a\0b"),
            line(4, "text/html", page, "/foo"),
            line(5, "", page),
            line(6, "application/xhtml+xml", page),
            line(7, "application/octet-stream", b"# Bread", "https://example.com/bread.md"),
        ),
    )
    answers = [json.loads(answer) for answer in done.stdout.splitlines()]
    assert [bool(answer.get("error")) for answer in answers] == [True] * 5 + [False] * 3
    assert [answer["markdown"] for answer in answers[:5]] == [""] * 5
    assert "its media type is application/pdf" in answers[0]["error"]
    assert "https://" in answers[4]["error"]
    assert done.returncode == 1


def test_a_line_is_answered_before_the_next_one_is_sent() -> None:
    command = [sys.executable, "-m", "llmready.cli.main", "convert", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(_lines({"id": number, "url": "https://example.com/", "html": PAGE}))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
    ids=["interrupted", "terminated"],
)
@pytest.mark.parametrize("is_reading", [True, False], ids=["waits_for_a_line", "waits_for_its_reader"])
def test_a_signal_ends_the_command(number: signal.Signals, code: ExitCode, *, is_reading: bool) -> None:
    with _running() as process:
        process.stdin.write(_lines({"id": 1, "url": "https://example.com/", "html": PAGE}))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        if not is_reading:
            # Its output is larger than a pipe and is not read.
            text = f"<main><p>{'flour and water ' * 50_000}</p></main>"
            process.stdin.write(_lines({"id": 2, "url": "https://example.com/", "html": text}))
            process.stdin.flush()
            select.select([process.stdout], [], [], 60)
        process.send_signal(number)
        assert process.wait(20) == code


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
    ids=["interrupted", "terminated"],
)
def test_a_signal_ends_the_command_while_it_converts(
    number: signal.Signals, code: ExitCode, tmp_path: Path
) -> None:
    pages = tmp_path / "pages.jsonl"
    pages.write_bytes(_lines(*[{"id": 1, "url": "https://example.com/", "html": PAGE}] * 50_000))
    with _running(str(pages)) as process:
        for _ in range(20):
            process.stdout.readline()
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        process.send_signal(number)
        assert process.wait(20) == code
        reader.join(20)


@pytest.mark.parametrize("count", [1, 50], ids=["waits_for_a_line", "has_more_pages"])
def test_the_command_ends_when_its_output_is_closed(count: int) -> None:
    with _running() as process:
        process.stdin.write(_lines({"id": 1, "url": "https://example.com/", "html": PAGE}))
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(_lines(*[{"id": 2, "url": "https://example.com/", "html": PAGE}] * count))
        process.stdin.flush()
        assert process.wait(20) == ExitCode.PIPE_CLOSED


class _Process(subprocess.Popen[bytes]):
    stdin: IO[bytes]
    stdout: IO[bytes]


@contextmanager
def _running(file: str = "-") -> Iterator[_Process]:
    """Run the command, with pipes as its streams. It is killed at the end if it still runs."""
    command = [sys.executable, "-m", "llmready.cli.main", "convert", "--jsonl", file]
    process = _Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                stream.close()


def test_many_lines_take_no_more_memory_than_few() -> None:
    """Keeping all pages in memory would take 36 MB for their texts alone."""
    page = f"{PAGE}<!-- {'flour ' * 2000} -->"
    few, many = (_peak_kilobytes(page, count) for count in (100, 3000))
    assert many - few < 15_000


def _peak_kilobytes(page: str, count: int) -> int:
    """Convert a page many times; return the greatest resident memory of the command, without its converter."""
    command = [sys.executable, "-m", "llmready.cli.main", "convert", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sender = threading.Thread(target=_send, args=(process.stdin, page, count))
        sender.start()
        for number in range(count):
            assert json.loads(process.stdout.readline())["id"] == number
        status = Path(f"/proc/{process.pid}/status").read_text()
        sender.join()
        process.stdin.close()
        assert process.wait(60) == 0
    return int(status.split("VmHWM:")[1].split()[0])


def _send(stream: IO[bytes], page: str, count: int) -> None:
    for number in range(count):
        stream.write(_lines({"id": number, "url": f"https://example.com/{number}", "html": page}))
    stream.flush()
