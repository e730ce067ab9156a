"""Further commands of the client: keys, results, passwords, export and deletion."""

import json
import re
import subprocess
import sys
from email import policy
from email.message import EmailMessage
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from llmready.cli.exit_codes import ExitCode
from testkit.sites import Site
from testkit.system import PASSWORD, System, wait_for
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


def test_schedules_are_set_shown_and_limited_by_the_plan(client: Client, system: System) -> None:
    email = signed_up(client)
    added = client("sites", "add", "docs.example.com", "--schedule", "monthly", "--json")
    assert added[0] == ExitCode.DONE, added
    site = json.loads(added[1])
    assert site["schedule"] == "monthly"
    assert site["next_run_at"] is not None
    shown = client("sites", "show", "docs.example.com")[1]
    assert re.search(r"^schedule +monthly *$", shown, re.MULTILINE)
    assert site["next_run_at"][:10] in shown
    assert site["next_run_at"][:10] in client("sites", "list")[1]

    code, out, errors = client("sites", "edit", "docs.example.com", "--schedule", "daily", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (ExitCode.NOT_ALLOWED, "plan_limit")
    assert "monthly" in errors
    code, _, errors = client("sites", "edit", "docs.example.com", "--schedule", "hourly")
    assert code == ExitCode.USAGE
    assert "daily" in errors
    assert json.loads(client("sites", "show", "docs.example.com", "--json")[1])["schedule"] == "monthly"

    assert system.admin("set-plan", email, "pro").returncode == 0
    assert client("sites", "edit", site["id"], "--schedule", "daily")[0] == ExitCode.DONE
    # An inactive website has a schedule, but no next run.
    assert client("sites", "edit", site["id"], "--no-active")[0] == ExitCode.DONE
    inactive = json.loads(client("sites", "show", site["id"], "--json")[1])
    assert (inactive["schedule"], inactive["next_run_at"]) == ("daily", None)
    assert client("sites", "edit", site["id"], "--active", "--schedule", "off")[0] == ExitCode.DONE
    off = json.loads(client("sites", "show", site["id"], "--json")[1])
    assert (off["schedule"], off["next_run_at"]) == ("off", None)
    code, out, _ = client("sites", "add", "a.example.com", "b.example.com", "--schedule", "weekly", "--json")
    assert code == ExitCode.DONE
    assert [result["website"]["schedule"] for result in json.loads(out)["results"]] == ["weekly"] * 2


def test_changing_a_webhook_keeps_its_other_fields(client: Client) -> None:
    signed_up(client)
    url = "https://hooks.example.com/llmready"
    code, secret, errors = client("webhooks", "add", url, "--events", "generation.failed")
    assert (code, secret[:6]) == (ExitCode.DONE, "whsec_"), errors

    def webhook() -> dict[str, Any]:
        (found,) = json.loads(client("webhooks", "list", "--json")[1])
        return dict(found)

    start = webhook()["id"][:8]
    events = "generation.completed, website.schedule_stopped"
    edit = client("webhooks", "edit", start, "--events", events, "--description", "Publishes", "--no-active")
    assert edit[0] == ExitCode.DONE, edit
    changed = webhook()
    assert changed["events"] == ["generation.completed", "website.schedule_stopped"]
    assert (changed["description"], changed["is_active"], changed["url"]) == ("Publishes", False, url)
    code, _, errors = client("webhooks", "test", url)
    assert (code, "disabled" in errors) == (ExitCode.REFUSED, True)
    assert client("webhooks", "enable", start)[0] == ExitCode.DONE
    assert webhook()["is_active"] is True
    code, out, errors = client("webhooks", "edit", start, "--events", "generation.started", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (ExitCode.REFUSED, "validation_error")
    assert "events.0" in errors
    assert client("webhooks", "edit", start)[0] == ExitCode.USAGE
    rotated = client("webhooks", "rotate", start)[1]
    assert rotated.startswith("whsec_")
    assert rotated != secret
    assert "Nothing was sent" in client("webhooks", "deliveries", start)[2]
    assert client("webhooks", "retry", start, "nothing")[0] == ExitCode.NOT_FOUND
    code, _, errors = client("webhooks", "add", "https://127.0.0.1/hook")
    assert (code, "LLMREADY_CRAWL_ALLOW" in errors) == (ExitCode.REFUSED, True)
    assert client("webhooks", "remove", start)[0] == ExitCode.DONE
    assert json.loads(client("webhooks", "list", "--json")[1]) == []


def test_an_id_may_be_shortened_as_in_git(client: Client, system: System) -> None:
    email = signed_up(client)
    assert system.admin("set-plan", email, "pro").returncode == 0
    urls = ["one.example.com", "two.example.com"]
    ids = [json.loads(client("sites", "add", url, "--json")[1])["id"] for url in urls]
    shared = next(size for size in range(36) if ids[0][size] != ids[1][size])
    assert json.loads(client("sites", "show", ids[0][: shared + 1], "--json")[1])["id"] == ids[0]
    code, _, errors = client("sites", "show", ids[0][: max(4, shared)])
    assert (code, "type more of the ID" in errors) == (ExitCode.REFUSED, True)
    assert client("sites", "show", "ffff")[0] == ExitCode.NOT_FOUND
    client("keys", "create", "Deployment")
    (key,) = json.loads(client("keys", "list", "--json")[1])
    assert client("keys", "revoke", key["id"][:12])[0] == ExitCode.DONE
    assert client("download", "ffff")[0] == ExitCode.NOT_FOUND


def test_an_address_is_confirmed_with_the_newest_mail(client: Client, system: System) -> None:
    email = signed_up(client)
    assert "(not confirmed)" in client("whoami")[1]
    assert client("resend", email)[0] == ExitCode.DONE
    said = "confirm your address"
    wait_for(lambda: len([mail for mail in system.mails() if email in mail and said in mail]) == 2)
    token = system.mail_token(email, said)
    assert client("confirm", token)[0] == ExitCode.DONE
    assert "(not confirmed)" not in client("whoami")[1]
    assert client("rename", "Zoë Müller")[1] == "Your name is Zoë Müller.\n"
    assert "Zoë Müller" in client("whoami")[1]


def test_patterns_are_tried_before_a_generation(client: Client, small_site: Site) -> None:
    signed_up(client)
    assert client("sites", "add", small_site.url)[0] == ExitCode.DONE
    code, out, _ = client("sites", "preview", small_site.url, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (ExitCode.REFUSED, "no_generation")
    assert client("generate", small_site.url, "--wait")[0] == ExitCode.DONE
    code, out, errors = client("sites", "preview", small_site.url, "--exclude", "/*")
    assert code == ExitCode.DONE, errors
    assert re.match(r"\d+ of \d+ known pages are included\.\n", out)
    assert f"\n- {small_site.url}" in out
