"""``llmready sync`` with obstacles: it prints one sentence and leaves no incomplete files."""

import io
import signal
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from tests.cli.server import Server
from tests.cli.test_trouble import Ada, ada, begins, server, wait_until

__all__ = ["ada", "server"]
PAGES = {f"md/page-{number}.md": f"# Page {number}\n" for number in range(3)}


@pytest.fixture
def site(server: Server) -> str:
    """A website with one completed generation."""
    store(server, PAGES)
    website = {"id": server.generation_id, "name": "Docs", "url": "https://docs.example.com"}
    run = {"id": server.generation_id, "status": "completed", "pages_crawled": 3}
    server.usual["/websites"] = {"items": [website], "next_cursor": None}
    server.usual["/generations/history"] = {"items": [run], "next_cursor": None, "total": 1}
    return "docs.example.com"


def store(server: Server, pages: dict[str, str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in {"llms.txt": "# Docs\n", **pages}.items():
            archive.writestr(path, text)
    server.files = packed.getvalue()
    server.digest = sha256(server.files).hexdigest()


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".llmready.json"
    }


def test_sync_keeps_files_that_it_did_not_write(ada: Ada, site: str) -> None:
    folder = ada.home / "checkout"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git/HEAD").write_text("ref")
    (folder / "draft.md").write_text("not committed yet")
    assert ada.run("sync", site, "checkout")[0] == ExitCode.CHANGED
    assert contents(folder) == {
        ".git/HEAD": "ref",
        "draft.md": "not committed yet",
        "llms.txt": "# Docs\n",
        **PAGES,
    }
    assert ada.run("sync", site, "checkout")[0] == ExitCode.DONE


def test_conflicting_file_is_named_and_nothing_is_written(ada: Ada, server: Server, site: str) -> None:
    folder = ada.home / "site"
    folder.mkdir()
    (folder / "llms.txt").write_text("written by hand")
    said = ada.fails(ExitCode.NOT_WRITTEN, "sync", site, "site")
    assert said == (
        "nothing was changed, because files in site were edited or are not from LLMReady: llms.txt."
        " Move or delete them. --force replaces them."
    )
    assert contents(folder) == {"llms.txt": "written by hand"}
    (folder / "llms.txt").unlink()
    (folder / "md").write_text("a file where a folder belongs")
    said = ada.fails(ExitCode.NOT_WRITTEN, "sync", site, "site")
    assert said == "site/md is a file or a symbolic link, not a folder. Move or delete it."
    assert contents(folder) == {"md": "a file where a folder belongs"}
    said = ada.fails(ExitCode.NOT_WRITTEN, "sync", site, "site/md")
    assert said == "site/md is a file. Name a folder."
    server.usual["/generations/history"] = {"items": [], "next_cursor": None, "total": 0}
    assert "no completed generation" in ada.fails(ExitCode.NOT_FOUND, "sync", site, "elsewhere")
    assert not (ada.home / "elsewhere").exists()


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/build.yml",
        ".git/hooks/post-checkout",
        "conftest.py",
        "md/.vscode/tasks.json",
        "md/../.envrc",
        "md/.claude/commands/deploy.md",
        ".llmready.json",
    ],
)
def test_files_that_llmready_does_not_write_are_refused(
    ada: Ada, server: Server, site: str, path: str
) -> None:
    store(server, {path: "harm"})
    for options in ([], ["--force"], ["--layout", "web-root"]):
        said = ada.fails(ExitCode.DAMAGED, "sync", site, "checkout", *options)
        assert path in said
    assert not (ada.home / "checkout").exists()


def test_a_full_disk_leaves_the_files_as_they_were(ada: Ada, server: Server, site: str) -> None:
    assert ada.run("sync", site, "site")[0] == ExitCode.CHANGED
    before = contents(ada.home / "site")
    store(server, {**PAGES, "md/page-0.md": "# New\n", "md/large.md": "word " * 100_000})
    said = ada.fails(ExitCode.NOT_WRITTEN, "sync", site, "site", most=200_000)
    assert said.endswith("could not be written: File too large")
    assert contents(ada.home / "site") == before
    assert ada.run("sync", site, "site")[0] == ExitCode.CHANGED
    assert contents(ada.home / "site")["md/page-0.md"] == "# New\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_the_files_as_they_were(
    ada: Ada, server: Server, site: str, number: signal.Signals
) -> None:
    assert ada.run("sync", site, "site")[0] == ExitCode.CHANGED
    before = contents(ada.home / "site")
    store(server, {f"md/page-{page}.md": "x" * 200_000 for page in range(5)})
    server.pause = 0.2
    process = ada.start("sync", site, "site")
    seen = len(begins(server))
    wait_until(lambda: len(begins(server)) > seen - 1 and begins(server))
    process.send_signal(number)
    out, errors = process.communicate(timeout=30)
    assert process.returncode != ExitCode.DONE
    assert out == ""
    assert "Traceback" not in errors
    assert contents(ada.home / "site") == before
    server.pause = 0.0
    assert ada.run("sync", site, "site")[0] == ExitCode.CHANGED
    assert "md/page-4.md" in contents(ada.home / "site")
    assert not list((ada.home / "site").glob(".llmready-new-*"))
