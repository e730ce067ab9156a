"""The local system as a process, and people who use it."""

import atexit
import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from testkit.ports import free_port

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"
READY_WITHIN = 180.0


class System:
    """`python -m infra.local` on a free port with its own data folder.

    Args:
        data: The folder.
        allow: Hosts that may be crawled although they are not public.
        port: Port to listen on; None for a free one.
        settings: Further settings in the environment.
    """

    def __init__(self, data: Path, *, allow: str = "", port: int | None = None, **settings: str):
        self.data = data
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}/api/v1"
        self._allow = allow
        self._settings = settings
        self._output: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._people: list[Person] = []

    def start(self) -> "System":
        environment = {
            **os.environ,
            "LLMREADY_CRAWL_ALLOW": self._allow,
            "LLMREADY_REGISTRATIONS_PER_MINUTE": "100000",
            "LLMREADY_LOGINS_PER_MINUTE": "100000",
            "LLMREADY_STARTS_PER_MINUTE": "600",
            **self._settings,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "--port", str(self.port), "--data", str(self.data)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output.append(line)
            if line.startswith("ready: "):
                self._trust()
                return self
        raise AssertionError(f"the local system did not start:\n{''.join(self._output)}")

    def _trust(self) -> None:
        """With IAM enforced, each emulator uses TLS with its own certificate; trust all certificates of a run."""
        if self.enforced:
            made = self.data / "emulator" / "tls"
            bundle = Path(tempfile.gettempdir()) / f"llmready-trusted-{os.getpid()}.pem"
            atexit.register(bundle.unlink, missing_ok=True)
            with bundle.open("a") as trusted:
                trusted.write((made / ("emulator.crt" if trusted.tell() else "trusted.pem")).read_text())
            for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
                os.environ[name] = str(bundle)

    @property
    def enforced(self) -> bool:
        """Whether the emulator evaluates IAM policies."""
        return os.environ.get("LLMREADY_ENFORCE_IAM") == "true"

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None
        return self._process

    def stop(self) -> int:
        """Stop the system with Ctrl-C and return the exit code."""
        for person in self._people:
            person.http.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        self._report_decisions()
        return self.process.returncode

    def _report_decisions(self) -> None:
        """Add the IAM decisions to the report of the whole run, if there is one."""
        decisions = self.data / "log" / "access.jsonl"
        if (report := os.environ.get("LLMREADY_ACCESS_REPORT")) and decisions.exists():
            with Path(report).open("a") as file:
                file.write(decisions.read_text())

    @property
    def endpoints(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "endpoints.json").read_text()))

    def aws(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoints["aws"],
            region_name=self.endpoints["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def invoke(self, function: str) -> Any:
        """Invoke the function of a folder and return its answer."""
        client = self.aws("lambda")
        names = [
            entry["FunctionName"]
            for page in client.get_paginator("list_functions").paginate()
            for entry in page["Functions"]
            if entry.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_SERVICE_NAME") == function
        ]
        assert len(names) == 1, (function, names)
        answer = client.invoke(FunctionName=names[0], Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def mails(self) -> list[str]:
        return [path.read_text() for path in sorted((self.data / "mail").glob("*.eml"))]

    def mail_to(self, address: str, saying: str) -> str:
        """Wait for a mail to an address that contains a text, and return it."""
        return str(
            wait_for(
                lambda: next((mail for mail in self.mails() if address in mail and saying in mail), None)
            )
        )

    def mail_token(self, address: str, subject: str) -> str:
        """Wait for an email to an address and return the token in it."""

        def found() -> str | None:
            for raw in reversed(self.mails()):
                mail = email.message_from_string(raw, policy=email.policy.default)
                if mail["To"] == address and subject in mail["Subject"]:
                    body = mail.get_body(("plain",))
                    assert body is not None
                    return str(re.findall(r"#token=([\w=-]+)", body.get_content())[0])
            return None

        return str(wait_for(found))

    def confirm(self, person: "Person") -> "Person":
        """Confirm the address of a user, which is required for emails about generations."""
        token = self.mail_token(person.email, "confirm")
        answer = person.http.post("/auth/verify-email", json={"token": token})
        assert answer.status_code == 200, answer.text
        return person

    def admin(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = Path(sys.executable).with_name("llmready")
        return subprocess.run(
            [command, "admin", *arguments, "--data", str(self.data)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )

    def user(self, plan: str = "free") -> "Person":
        """Sign up a new user."""
        person = Person(self.url)
        self._people.append(person)
        if plan != "free":
            done = self.admin("set-plan", person.email, plan)
            assert done.returncode == 0, done.stderr
        return person

    def returning(self, person: "Person") -> "Person":
        """Sign in a user who signed up earlier."""
        again = Person(self.url, email=person.email)
        self._people.append(again)
        return again


class Person:
    """A user who is signed in, with a client that sends the token."""

    def __init__(self, url: str, email: str | None = None):
        self.email = email or f"{uuid.uuid4().hex[:12]}@example.org"
        self.http = httpx.Client(base_url=url, timeout=60)
        body = {"email": self.email, "password": PASSWORD}
        if email is None:
            registered = self.http.post("/auth/register", json=body)
            assert registered.status_code == 201, registered.text
        self.tokens = self.http.post("/auth/login", json=body).json()
        self.http.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def website(self, url: str, **fields: Any) -> str:
        answer = self.http.post("/websites", json={"url": url, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def start(self, website: str) -> str:
        answer = self.http.post("/generations/start", json={"website_id": website})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["generation_id"])

    def generation(self, generation: str) -> dict[str, Any]:
        answer = self.http.get(f"/generations/{generation}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finished(self, generation: str, within: float = 120.0) -> dict[str, Any]:
        """Wait until a generation has ended and return it."""
        return dict(
            wait_for(
                lambda: (
                    (found := self.generation(generation))["status"] not in ("pending", "processing")
                    and found
                ),
                within=within,
            )
        )

    def delete_account(self) -> httpx.Response:
        return self.http.request("DELETE", "/auth/me", json={"password": PASSWORD})

    def quota(self) -> dict[str, Any]:
        return dict(self.http.get("/generations/quota/check").json())


def wait_for(condition: Callable[[], Any], *, within: float = 30.0, every: float = 0.2) -> Any:
    """Return the value of a condition as soon as it is true. Fail if this takes too long."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {within} s")
