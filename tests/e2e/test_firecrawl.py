"""Firecrawl's own SDKs, unchanged, against the running system."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testkit.sites import Answer, Site, numbered, serve
from testkit.system import Person, System, wait_for

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
SDKS = ROOT / ".build" / "firecrawl"
PYTHON_SDK, NODE_SDK = "firecrawl-py==4.3.6", "@mendable/firecrawl-js@4.3.4"
NOBODY = "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f"

_PYTHON = """
import contextlib, io, json, sys
from firecrawl import V1FirecrawlApp

order = json.load(sys.stdin)
app = V1FirecrawlApp(api_key=order["key"], api_url=order["api"])
said = io.StringIO()
try:
    with contextlib.redirect_stdout(said):  # the SDK prints what it sends
        answer = getattr(app, order["method"])(*order["arguments"], **order["options"])
    shown = {"answer": answer.dict()}
except Exception as error:
    shown = {"error": str(error)}
print(json.dumps(shown))
"""

_NODE = """
import { FirecrawlAppV1 } from "@mendable/firecrawl-js";
import { readFileSync } from "node:fs";

const order = JSON.parse(readFileSync(0, "utf8"));
const app = new FirecrawlAppV1({ apiKey: order.key, apiUrl: order.api });
let shown;
try {
  shown = { answer: await app[order.method](...order.arguments, order.options) };
} catch (error) {
  shown = { error: String(error.message), status: error.statusCode };
}
console.log(JSON.stringify(shown));
"""

Call = Callable[..., dict[str, Any]]


def _installed() -> None:
    """Install both SDKs, pinned, into a folder of their own."""
    python = SDKS / "python"
    wanted = SDKS / f"{PYTHON_SDK} {NODE_SDK.replace('/', '+')}"
    if wanted.exists():
        return
    SDKS.mkdir(parents=True, exist_ok=True)
    binaries = ROOT / ".venv" / "bin"
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    commands: list[list[str | Path]] = [
        [binaries / "uv", "venv", "--quiet", "--allow-existing", python],
        [binaries / "uv", "pip", "install", "--quiet", "--python", python / "bin" / "python", PYTHON_SDK],
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", SDKS / "node", NODE_SDK],
    ]
    for command in commands:
        subprocess.run(command, check=True, env=environment, cwd=SDKS, timeout=300)
    (SDKS / "node" / "call.mjs").write_text(_NODE)
    wanted.touch()


@pytest.fixture(scope="module")
def sdks() -> None:
    _installed()


@pytest.fixture(params=["python", "node"])
def call(request: pytest.FixtureRequest, system: System, sdks: None) -> Call:  # noqa: ARG001 - installs them
    """Call a method of an SDK, by Python's name for it, and return what it answers or raises."""
    binaries = ROOT / ".venv" / "bin"
    if request.param == "python":
        command: list[str | Path] = [SDKS / "python" / "bin" / "python", "-c", _PYTHON]
    else:
        command = [binaries / "node", SDKS / "node" / "call.mjs"]

    def calling(key: str, method: str, argument: str, **options: Any) -> dict[str, Any]:
        names = {
            "generate_llms_text": "generateLLMsText",
            "async_generate_llms_text": "asyncGenerateLLMsText",
            "check_generate_llms_text_status": "checkGenerateLLMsTextStatus",
        }
        node_options = {"max_urls": "maxUrls", "show_full_text": "showFullText"}
        if request.param == "node":
            method = names[method]
            options = {node_options.get(name, name): value for name, value in options.items()}
        order = {
            "api": f"http://localhost:{system.port}",
            "key": key,
            "method": method,
            "arguments": [argument],
            "options": options,
        }
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, timeout=180, check=True
        )
        return dict(json.loads(done.stdout.splitlines()[-1]))

    return calling


@pytest.fixture
def member(system: System) -> Person:
    return system.user("pro")


def key_of(person: Person, **fields: Any) -> dict[str, Any]:
    answer = person.http.post("/keys", json={"name": "firecrawl", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_firecrawl_sdk_returns_the_text_of_a_site(call: Call, member: Person, small_site: Site) -> None:
    key = key_of(member)["key"]
    done = call(key, "generate_llms_text", small_site.url, max_urls=5, show_full_text=True)["answer"]
    assert (done["success"], done["status"]) == (True, "completed")
    assert done["data"]["llmstxt"].startswith("# ")
    assert "This is what page" in done["data"]["llmsfulltxt"]
    (entry,) = member.http.get("/generations/history").json()["items"]
    assert (entry["trigger"], entry["pages_crawled"], entry["truncated_by"]) == ("api", 5, "max_pages")

    cached = call(key, "async_generate_llms_text", small_site.url, max_urls=5)["answer"]
    assert cached["id"] == entry["id"]
    checked = call(key, "check_generate_llms_text_status", cached["id"])["answer"]
    assert checked["data"]["llmstxt"] == done["data"]["llmstxt"]
    assert not checked["data"].get("llmsfulltxt")
    assert checked["expiresAt"] == entry["expires_at"]


def test_a_site_that_is_running_is_answered_with_the_running_one(
    call: Call, member: Person, site_ports: list[int]
) -> None:
    key = key_of(member)["key"]
    # On a busy machine, each call of an SDK takes seconds, and the site must take longer.
    with serve(numbered(60), latency=5, port=site_ports[1]) as site:
        first = call(key, "async_generate_llms_text", site.url)["answer"]
        second = call(key, "async_generate_llms_text", site.url, cache=False)["answer"]
        assert (first["success"], second["id"]) == (True, first["id"])
        shown = call(key, "check_generate_llms_text_status", first["id"])["answer"]
        assert shown["status"] == "processing"
        assert member.http.post(f"/generations/{first['id']}/cancel").status_code == 202


def test_a_site_that_fails(call: Call, member: Person, site_ports: list[int]) -> None:
    key = key_of(member)["key"]
    with serve(lambda _path, _url: Answer("nothing here", status=404), port=site_ports[0]) as site:
        started = call(key, "async_generate_llms_text", site.url)["answer"]
        wait_for(lambda: member.generation(started["id"])["status"] == "failed", within=90)
    shown = call(key, "check_generate_llms_text_status", started["id"])["answer"]
    assert (shown["success"], shown["status"]) == (False, "failed")
    assert shown["error"].endswith(".")
    assert shown["data"]["llmstxt"] == ""


def test_refusals_of_the_firecrawl_endpoint(call: Call, system: System, small_site: Site) -> None:
    person = system.user()
    made = key_of(person)
    key = made["key"]
    assert "not found" in call(key, "check_generate_llms_text_status", NOBODY)[
        "error"
    ].lower() or "404" in str(call(key, "check_generate_llms_text_status", NOBODY))
    reader = key_of(person, scopes=["read"])["key"]
    assert "error" in call(reader, "async_generate_llms_text", small_site.url)
    started = call(key, "async_generate_llms_text", small_site.url)["answer"]
    person.finished(started["id"])
    # The month's only generation of the free plan is used.
    assert "error" in call(key, "async_generate_llms_text", small_site.url, cache=False)
    assert person.http.delete(f"/keys/{made['id']}").status_code == 200
    assert "error" in call(key, "check_generate_llms_text_status", started["id"])
    assert "error" in call(key, "generate_llms_text", small_site.url)
