"""The client on the running system, used as a person would use it."""

import json
import os
import subprocess
import sys
import uuid
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from llmready.cli.exit_codes import ExitCode
from testkit.sites import Site
from testkit.system import PASSWORD, System

pytestmark = pytest.mark.e2e


class Client:
    """The ``llmready`` command of a user with separate folders."""

    def __init__(self, home: Path, api: str):
        self.home = home
        self.api = api

    def __call__(self, *arguments: str, typed: str = "", api: str | None = None) -> tuple[int, str, str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            **({"LLMREADY_API": api} if api else {}),
            # Where IAM is enforced, archives are fetched over TLS with the emulator's own certificate.
            **{name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ},
        }
        done = subprocess.run(
            [Path(sys.executable).with_name("llmready"), *arguments],
            input=typed,
            capture_output=True,
            text=True,
            env=environment,
            cwd=self.home,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def client(system: System, tmp_path: Path) -> Client:
    return Client(tmp_path, system.url)


def signed_up(client: Client) -> str:
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    code, _, errors = client(
        "register", email, "--api", client.api, "--password-stdin", typed=PASSWORD + "\n"
    )
    assert code == ExitCode.DONE, errors
    return email


def test_client_generates_and_downloads(client: Client, system: System, small_site: Site) -> None:
    email = signed_up(client)
    (file,) = client.home.rglob("credentials.json")
    assert file.stat().st_mode & 0o777 == 0o600
    assert client("whoami")[1].count(email) == 1
    assert client("sites", "list") == (
        0,
        "",
        "You have no websites yet. Add one with `llmready sites add URL`.\n",
    )

    code, out, _ = client("generate", small_site.url, "--wait", "--json")
    assert code == ExitCode.DONE
    done = json.loads(out)
    assert (done["status"], done["pages_crawled"]) == ("completed", 12)
    site = json.loads(client("sites", "list", "--json")[1])[0]
    assert site["url"] == small_site.url
    assert client("sites", "edit", site["name"], "--name", "Docs", "--max-pages", "50")[0] == ExitCode.DONE
    assert "Docs" in client("sites", "show", small_site.url)[1]

    code, out, _ = client("download", "Docs", "--json")
    assert code == ExitCode.DONE
    path = client.home / json.loads(out)["path"]
    assert sha256(path.read_bytes()).hexdigest() == done["sha256"]
    assert zipfile.ZipFile(path).testzip() is None
    assert client("download", done["id"])[0] == ExitCode.DONE
    path.write_text("something else")
    assert client("download", done["id"])[0] == ExitCode.REFUSED
    assert client("download", done["id"], "--force")[0] == ExitCode.DONE
    assert sha256(path.read_bytes()).hexdigest() == done["sha256"]
    left = {found.name for found in client.home.rglob("*") if found.suffix in {".part", ".partial"}}
    assert left == set()

    history = client("history")
    assert done["id"] in history[1]
    assert max(len(line) for line in history[1].splitlines()) <= 80
    assert "1 of 1 this month" in client("quota")[1]
    code, out, errors = client("generate", "Docs")
    assert (code, out) == (ExitCode.NOT_ALLOWED, "")
    assert errors.startswith("llmready: you have used all generations")

    assert client("mails", "--generations", "off")[0] == ExitCode.DONE
    assert json.loads(client("mails", "--json")[1]) == {"generations": False, "quota_reset": False}
    assert client("sites", "delete", "Docs", "--yes")[0] == ExitCode.DONE
    assert json.loads(client("history", "--json")[1]) == []
    assert client("logout")[0] == ExitCode.DONE
    assert client("quota")[0] == ExitCode.NOT_SIGNED_IN
    assert system.admin("user", email).returncode == 0


def test_many_sites_with_a_bad_one(client: Client, system: System) -> None:
    email = signed_up(client)
    assert system.admin("set-plan", email, "pro").returncode == 0
    lines = "\n".join([f"site{number}.example.com" for number in range(49)] + ["ftp://bad.example.com"])
    code, out, errors = client("sites", "add", "--from", "-", typed=lines)
    assert (code, out) == (ExitCode.REFUSED, "Added 49 of 50 websites.\n")
    assert errors == "ftp://bad.example.com: The URL must begin with http:// or https://.\n"
    assert len(json.loads(client("sites", "list", "--json")[1])) == 49
    record = json.loads(system.admin("user", email, "--json").stdout)["audit"][0]
    assert (record["event"], record["before"], record["after"]) == ("plan_changed", "free", "pro")
    assert record["by"]
    shown = system.admin("user", email).stdout
    assert "plan changed: free → pro" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_client_errors_are_one_sentence_and_an_exit_code(client: Client) -> None:
    def fails(code: ExitCode, *arguments: str, api: str | None = None, typed: str = "") -> None:
        got, out, errors = client(*arguments, api=api, typed=typed)
        assert (got, out) == (code, ""), errors
        assert errors.startswith("llmready: ")
        assert errors.count("\n") == 1
        assert "Traceback" not in errors

    fails(
        ExitCode.UNREACHABLE,
        "login",
        "a@example.org",
        "--password-stdin",
        api="http://127.0.0.1:9",
        typed="x\n",
    )
    fails(
        ExitCode.USAGE,
        "login",
        "a@example.org",
        "--password-stdin",
        api="http://api.example.com",
        typed="x\n",
    )
    fails(
        ExitCode.NOT_SIGNED_IN, "login", "nobody@example.org", "--password-stdin", api=client.api, typed="x\n"
    )
    fails(ExitCode.NOT_SIGNED_IN, "quota", api=client.api)
    signed_up(client)
    fails(ExitCode.NOT_FOUND, "sites", "show", "nowhere.example.com")
    fails(ExitCode.NOT_FOUND, "watch", "nothing")
    fails(ExitCode.NOT_FOUND, "download")
    fails(ExitCode.NOT_FOUND, "sites", "delete", "x", "--yes")
    fails(ExitCode.REFUSED, "sites", "add", "http://localhost/")
    (file,) = client.home.rglob("credentials.json")
    known = json.loads(file.read_text())
    known["logins"][client.api] |= {"expires_at": 0, "refresh_token": "gone"}
    file.write_text(json.dumps(known))
    fails(ExitCode.NOT_SIGNED_IN, "quota")
    assert json.loads(file.read_text())["logins"] == {}
