"""Commands of the client that complete the API: keys, results, passwords, export and deletion."""

import json
import re
import subprocess
import sys
from email import policy
from email.message import EmailMessage
from email.parser import Parser
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from testkit.sites import Site
from testkit.system import PASSWORD, System
from tests.e2e.test_client import Client, signed_up

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(system: System, tmp_path: Path) -> Client:
    return Client(tmp_path, system.url)


def test_a_generation_can_be_read_compared_and_deleted(
    client: Client, system: System, small_site: Site
) -> None:
    email = signed_up(client)
    assert system.admin("set-plan", email, "pro").returncode == 0
    first, second = (
        json.loads(client("generate", small_site.url, "--wait", "--json")[1])["id"] for _ in range(2)
    )

    code, out, _ = client("files", second)
    assert code == ExitCode.DONE
    assert "llms.txt" in out
    assert client("files", second, "--print", "llms.txt")[1].startswith("# ")
    assert client("errors", second) == (ExitCode.DONE, "", "Every page was read.\n")
    code, out, _ = client("changes", second)
    assert code == ExitCode.DONE
    assert out.startswith("0 changed, 0 added, 0 removed, ")
    assert json.loads(client("changes", second, "--since", first, "--json")[1])["since"] == first

    code, _, errors = client("changes", "ffff0000")
    assert code == ExitCode.NOT_FOUND
    assert 'no generation has the ID "ffff0000"' in errors
    start = next(second[:length] for length in range(4, 36) if second[:length] != first[:length])
    assert client("delete", start, "--yes")[0] == ExitCode.DONE
    code, out, _ = client("files", second, "--json")
    assert code == ExitCode.NOT_FOUND
    assert json.loads(out)["error"]["code"] == "generation_not_found"


def test_a_key_replaces_the_login(client: Client) -> None:
    signed_up(client)
    code, out, errors = client("keys", "create", "Deployment", "--scopes", "read")
    assert code == ExitCode.DONE, errors
    key = out.strip()
    assert re.fullmatch(r"llmr_[0-9A-Za-z]{38}", key)
    assert "Deployment" in client("keys", "list")[1]
    other = Client(client.home / "other", client.api)
    other.home.mkdir()
    environment = {
        "LLMREADY_API_KEY": key,
        "LLMREADY_API": client.api,
        "HOME": str(other.home),
        "PATH": "/usr/bin",
    }
    command = [str(Path(sys.executable).with_name("llmready")), "quota", "--json"]
    asked = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=other.home
    )
    assert asked.returncode == ExitCode.DONE, asked.stderr
    assert client("keys", "revoke", key[-4:])[0] == ExitCode.DONE
    asked = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=other.home
    )
    assert asked.returncode == ExitCode.NOT_SIGNED_IN
    assert json.loads(asked.stdout)["error"]["code"] == "invalid_token"


def test_passwords_are_changed_and_reset(client: Client, system: System) -> None:
    email = signed_up(client)
    code, _, errors = client(
        "change-password", "--password-stdin", typed=f"{PASSWORD}\nanother long password\n"
    )
    assert code == ExitCode.DONE, errors
    assert client("forgot-password", email)[0] == ExitCode.DONE
    mail = system.mail_to(email, "new LLMReady password")
    message = Parser(EmailMessage, policy=policy.default).parsestr(mail)
    body = message.get_body(("plain",))
    assert body is not None
    token = re.search(r"#token=([\w-]+)", body.get_content())
    assert token is not None
    code, _, errors = client("reset-password", token[1], "--password-stdin", typed="the longest password\n")
    assert code == ExitCode.DONE, errors
    assert client("login", email, "--password-stdin", typed="the longest password\n")[0] == ExitCode.DONE
    assert client("confirm", token[1])[0] == ExitCode.REFUSED


def test_the_export_is_a_file_and_the_account_can_be_deleted(client: Client) -> None:
    email = signed_up(client)
    assert client("export", "--out", "mine.json")[0] == ExitCode.DONE
    assert json.loads((client.home / "mine.json").read_text())["profile"]["email"] == email
    code, _, errors = client("delete-account", "--yes", "--password-stdin", typed="not the password\n")
    assert code == ExitCode.NOT_ALLOWED, errors
    assert client("delete-account", "--yes", "--password-stdin", typed=PASSWORD + "\n")[0] == ExitCode.DONE
    assert client("whoami")[0] == ExitCode.NOT_SIGNED_IN


def test_a_refused_local_address_names_the_setting_that_allows_it(client: Client) -> None:
    signed_up(client)
    code, _, errors = client("sites", "add", "http://127.0.0.1:9/")
    assert code == ExitCode.REFUSED
    assert "LLMREADY_CRAWL_ALLOW" in errors


def test_plans_are_listed_without_a_login(client: Client) -> None:
    code, out, errors = client("plans", "--api", client.api)
    assert code == ExitCode.DONE, errors
    assert "pro" in out


def test_password_prompt_needs_a_reachable_server(client: Client) -> None:
    code, _, errors = client(
        "login", "ada@example.org", "--api", "http://127.0.0.1:9", "--password-stdin", typed="x\n"
    )
    assert code == ExitCode.UNREACHABLE
    assert "cannot be reached" in errors
