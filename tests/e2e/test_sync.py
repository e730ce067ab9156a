"""`llmready sync`: the newest files of a website in a folder."""

import json
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from testkit.sites import Site
from testkit.system import System
from tests.e2e.test_client import Client, signed_up

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(system: System, tmp_path: Path) -> Client:
    return Client(tmp_path, system.url)


def test_exit_code_of_sync_shows_whether_files_changed(client: Client, small_site: Site) -> None:
    signed_up(client)
    code, _, errors = client("generate", small_site.url, "--wait")
    assert code == ExitCode.DONE, errors

    code, summary, errors = client("sync", small_site.url, "site", "--layout", "web-root", "--wait")
    assert code == ExitCode.CHANGED, errors
    assert "### Added: " in summary
    folder = client.home / "site"
    assert {"llms.txt", "llms-full.txt", "sitemap.md", "index.md"} <= {path.name for path in folder.iterdir()}
    code, said, _ = client("sync", small_site.url, "site", "--layout", "web-root")
    assert code == ExitCode.DONE
    assert "up to date" in said

    code, answer, _ = client("sync", small_site.url, "zipped", "--json")
    assert code == ExitCode.CHANGED
    assert "md/index.md" in json.loads(answer)["added"]

    (folder / "llms.txt").write_text("edited by hand")
    (folder / "theirs.txt").write_text("not ours")
    code, _, errors = client("sync", small_site.url, "site", "--layout", "web-root")
    assert code == ExitCode.NOT_WRITTEN
    assert "llms.txt" in errors
    assert "--force" in errors
    code, _, _ = client("sync", small_site.url, "site", "--layout", "web-root", "--force")
    assert code == ExitCode.CHANGED
    assert (folder / "theirs.txt").read_text() == "not ours"


def test_sync_without_a_completed_generation_says_so(client: Client, small_site: Site) -> None:
    signed_up(client)
    client("sites", "add", small_site.url)
    code, out, errors = client("sync", small_site.url, "site")
    assert (code, out) == (ExitCode.NOT_FOUND, "")
    assert "there is no completed generation yet" in errors
    assert not (client.home / "site").exists()
