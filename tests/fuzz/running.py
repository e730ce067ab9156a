"""Run Schemathesis against the local system as two users who must not see each other's data."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from testkit.system import PASSWORD, ROOT, System

_CONFIG = Path(__file__).with_name("schemathesis.toml")


class Outcome(NamedTuple):
    """The result of a run.

    Attributes:
        cases: Requests that were generated and sent.
        walks: Sequences of requests in which each uses an earlier answer.
        server_errors: Answers of 500 and above.
        code: The exit code; 0 if no problem was found.
        text: The output of Schemathesis.
    """

    cases: int
    walks: int
    server_errors: int
    code: int
    text: str


def fuzz(system: System, folder: Path, *options: str) -> Outcome:
    """Send requests to all operations of the OpenAPI document.

    Args:
        system: The system to test.
        folder: Folder for the reports.
        options: Of ``schemathesis run``.
    """
    people = [system.user("pro"), system.user("pro")]
    (folder / "people.json").write_text(json.dumps({"auth": [_login(person.email) for person in people]}))
    config = folder / "schemathesis.toml"
    names = ", ".join(f'"{person.email}"' for person in people)
    config.write_text(
        f"{_CONFIG.read_text()}\n[cache]\nenabled = false\n"
        f'\n[auth.wfc]\npath = "{folder}/people.json"\npeers = [{names}]\n'
    )
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", config),
            *("run", f"{system.url}/openapi.json", "--checks", "all", "--no-color"),
            *("--generation-database", "none"),
            *("--report", "ndjson", "--report-ndjson-path", folder / "events.ndjson"),
            *options,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "FUZZ_URL": system.url,
            "FUZZ_EMAIL": system.user().email,
            "FUZZ_PEOPLE": ",".join(person.email for person in people),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    text = done.stdout + done.stderr
    statuses = re.findall(r'"status_code": ?(\d+)', (folder / "events.ndjson").read_text())
    return Outcome(
        cases=_number(r"(\d[\d,]*) generated", text),
        walks=_number(r"Scenarios: +(\d[\d,]*)", text),
        server_errors=sum(int(status) >= 500 for status in statuses),
        code=done.returncode,
        text=text,
    )


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1].replace(",", "")) if found else 0


def _login(email: str) -> dict[str, object]:
    return {
        "name": email,
        "loginEndpointAuth": {
            "verb": "POST",
            "endpoint": "/api/v1/auth/login",
            "payloadUserPwd": {
                "username": email,
                "usernameField": "email",
                "password": PASSWORD,
                "passwordField": "password",
            },
            "contentType": "application/json",
            "token": {
                "extractFrom": "body",
                "extractSelector": "/access_token",
                "sendIn": "header",
                "sendName": "Authorization",
                "sendTemplate": "Bearer {token}",
            },
        },
    }
