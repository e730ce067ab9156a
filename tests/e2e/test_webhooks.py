"""Webhooks of the running system, verified with the reference libraries and driven by the client."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from llmready.cli.exit_codes import ExitCode
from testkit.receiver import Receiver, receiving
from testkit.sites import Site
from testkit.system import ROOT, Person, System, wait_for
from tests.e2e.test_client import Client, signed_up

pytestmark = pytest.mark.e2e

NODE = ROOT / ".build" / "standardwebhooks"
NODE_LIBRARY = "standardwebhooks@1.1.1"
VERIFY = """
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, body, headers } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
"""


@pytest.fixture
def receiver(site_ports: list[int]) -> Iterator[Receiver]:
    with receiving(port=site_ports[-1]) as running:
        yield running


@pytest.fixture
def client(system: System, tmp_path: Path) -> Client:
    return Client(tmp_path, system.url)


def verified_by_node(secret: str, receiver: Receiver) -> Any:
    """Verify the newest request with the library from npm, and return its content."""
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    if not (NODE / NODE_LIBRARY).exists():
        NODE.mkdir(parents=True, exist_ok=True)
        install = [
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(NODE),
            NODE_LIBRARY,
        ]
        subprocess.run(install, check=True, env=environment, cwd=NODE, timeout=300)
        (NODE / "verify.mjs").write_text(VERIFY)
        (NODE / NODE_LIBRARY).touch()
    request = receiver.requests[-1]
    order = {"secret": secret, "body": request.body.decode(), "headers": request.headers}
    done = subprocess.run(
        ["node", "verify.mjs"],
        input=json.dumps(order),
        env=environment,
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_events_reach_a_receiver_that_verifies_them(
    client: Client, system: System, small_site: Site, receiver: Receiver
) -> None:
    email = signed_up(client)
    assert system.admin("set-plan", email, "pro").returncode == 0
    person = Person(system.url, email=email)
    with closing(person.http):
        system.confirm(person)
    code, out, errors = client("webhooks", "add", receiver.url)
    assert code == ExitCode.DONE, errors
    secret = out.strip()
    generation = json.loads(client("generate", small_site.url, "--wait", "--json")[1])
    wait_for(lambda: receiver.requests, within=20, every=0.05)
    received_at = time.time()
    request = receiver.requests[0]
    content = Webhook(secret).verify(request.body, request.headers)
    assert content == verified_by_node(secret, receiver)
    assert content["type"] == "generation.completed"
    assert (content["data"]["id"], content["data"]["status"]) == (generation["id"], "completed")
    completed_at = datetime.fromisoformat(content["data"]["completed_at"]).astimezone(UTC).timestamp()
    assert received_at - completed_at < 15

    receiver.status = 500
    assert client("webhooks", "test", receiver.url)[0] == ExitCode.DONE
    wait_for(lambda: len(receiver.requests) == 2, within=40)

    def shown() -> list[dict[str, Any]]:
        return list(json.loads(client("webhooks", "deliveries", receiver.url, "--json")[1]))

    wait_for(lambda: shown()[0]["status"] == "failed", within=20)
    deliveries = shown()
    assert [delivery["event"] for delivery in deliveries] == ["ping", "generation.completed"]
    assert deliveries[1]["status"] == "succeeded"
    assert deliveries[0]["attempts"][0]["error"] == "The endpoint answered 500."

    receiver.status = 200
    new = client("webhooks", "rotate", receiver.url)[1].strip()
    assert client("webhooks", "retry", receiver.url, deliveries[0]["id"])[0] == ExitCode.DONE
    wait_for(lambda: len(receiver.requests) >= 3, within=20)
    for one in (secret, new):
        assert verified_by_node(one, receiver)["type"] == "ping"
    assert receiver.ids[-1] == deliveries[0]["id"]
    assert receiver.host in client("webhooks", "list")[1]
    assert client("webhooks", "remove", receiver.url)[0] == ExitCode.DONE
    assert client("webhooks", "test", receiver.url)[0] == ExitCode.NOT_FOUND


def test_a_private_address_is_refused(client: Client) -> None:
    signed_up(client)
    code, _, errors = client("webhooks", "add", "https://192.168.0.1/hooks")
    assert code == ExitCode.REFUSED, errors
    assert "public" in errors
