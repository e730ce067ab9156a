"""Clients that common generators create from the OpenAPI document contain every operation."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.openapi import OPENAPI_FILE
from testkit.system import ROOT

BINARIES = ROOT / ".venv" / "bin"
# Its requirements would conflict with those of the project.
GENERATOR = "openapi-python-client==0.29.1"
PLACE = ROOT / ".build" / "openapi-python-client"


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """The IDs of all operations."""
    paths: dict[str, dict[str, Any]] = json.loads(OPENAPI_FILE.read_text())["paths"]
    return {operation["operationId"] for methods in paths.values() for operation in methods.values()}


def test_openapi_typescript_generates_every_operation(tmp_path: Path, operations: set[str]) -> None:
    types = tmp_path / "schema.d.ts"
    command = [BINARIES / "node", ROOT / "web/node_modules/.bin/openapi-typescript", OPENAPI_FILE]
    subprocess.run([*command, "--output", types], check=True, capture_output=True, timeout=120)
    declared = set(re.findall(r"^    (\w+): \{\n        parameters:", types.read_text(), re.MULTILINE))
    assert declared == operations


# Uses the types of the bulk request as a client does; each line marked as an error must be one.
TYPESCRIPT = """
import type { components, operations } from "./schema"
type Body = operations["bulkWebsites"]["requestBody"]["content"]["application/json"]
type Result = operations["bulkWebsites"]["responses"][200]["content"]["application/json"]["results"][number]
type Start = operations["startGeneration"]["requestBody"]["content"]["application/json"]
const site: components["schemas"]["WebsiteBody"] = { url: "a.example", max_pages: null, schedule: "daily" }
export const bodies: Body[] = [
  { create: [site] },
  { update: [{ id: "1", name: "New" }] },
  { delete: ["1", { id: "2" }] },
  // @ts-expect-error: an item without a URL
  { create: [{ name: "No URL" }] },
  // @ts-expect-error: a change without an ID
  { update: [{ name: "No ID" }] },
  // @ts-expect-error: two lists
  { create: [site], delete: ["1"] },
  // @ts-expect-error: no list
  {},
]
export const starts: Start[] = [
  { website_id: "1" },
  { url: "a.example" },
  // @ts-expect-error: neither
  {},
]
export function told(result: Result): string {
  const reasons = result.error?.errors ?? []
  if (result.error) return `${result.index}: ${reasons.map((entry) => entry.field + entry.message)}`
  // @ts-expect-error: the website may be null
  return result.website.url
}
"""


def test_openapi_typescript_has_types_for_each_item_of_a_bulk_request(tmp_path: Path) -> None:
    node, tool = BINARIES / "node", ROOT / "web/node_modules/.bin"
    # Without the option, a field with a default could not be left out of a request.
    options: list[str | Path] = ["--output", tmp_path / "schema.d.ts", "--default-non-nullable=false"]
    generate = [node, tool / "openapi-typescript", OPENAPI_FILE, *options]
    subprocess.run(generate, check=True, capture_output=True, timeout=120)
    (tmp_path / "client.ts").write_text(TYPESCRIPT)
    checked = subprocess.run(
        [node, tool / "tsc", "--noEmit", "--strict", tmp_path / "client.ts"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


# Builds and reads the bulk request with the generated models.
PYTHON = """
import json, sys
from inspect import signature
sys.path.insert(0, sys.argv[1])
from llm_ready_api_client import models
from llm_ready_api_client.api.generations import start_generation
bodies = [
    models.BulkCreate(create=[models.WebsiteBody(url="a.example", schedule=models.Schedule.DAILY)]),
    models.BulkUpdate(update=[models.WebsiteItemChange(id="1", name="New")]),
    models.BulkDelete(delete=["1", models.WebsiteItemDelete(id="2")]),
]
results = models.BulkAnswer.from_dict(json.loads(sys.argv[2])).results
print(json.dumps({
    "bodies": [body.to_dict() for body in bodies],
    "results": [[result.index, result.error and result.error.errors[0].field] for result in results],
    "website": type(results[0].website).__name__,
    "starts": [body.__name__ for body in signature(start_generation.sync).parameters["body"].annotation.__args__],
}))
"""


def test_openapi_python_client_generates_every_operation_and_item(
    tmp_path: Path, operations: set[str]
) -> None:
    program = _generator()
    made = subprocess.run(
        [
            program,
            "generate",
            "--path",
            OPENAPI_FILE,
            "--output-path",
            tmp_path / "client",
            "--fail-on-warning",
        ],
        env={**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    modules = {file.stem for file in (tmp_path / "client").glob("*/api/*/*.py")} - {"__init__"}
    assert modules == {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in operations}

    document = json.loads(OPENAPI_FILE.read_text())
    bulk = document["paths"]["/api/v1/websites/bulk"]["post"]["responses"]["200"]
    done = bulk["content"]["application/json"]["example"]["results"][0]
    reasons = [{"field": "url", "message": "is required"}]
    error = {"code": "validation_error", "detail": "The item is not valid.", "errors": reasons}
    refused = {"index": 1, "status": 422, "id": None, "website": None, "error": error}
    answer = {"results": [{**done, "index": 0, "error": None}, refused], "succeeded": 1, "failed": 1}
    (tmp_path / "use.py").write_text(PYTHON)
    used = subprocess.run(
        [program.parent / "python", tmp_path / "use.py", tmp_path / "client", json.dumps(answer)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert used.returncode == 0, used.stderr
    said = json.loads(used.stdout)
    create, update, delete = said["bodies"]
    assert (create["create"][0]["url"], create["create"][0]["schedule"]) == ("a.example", "daily")
    assert update == {"update": [{"id": "1", "name": "New"}]}
    assert delete == {"delete": ["1", {"id": "2"}]}
    assert said["results"] == [[0, None], [1, "url"]]
    assert said["website"] == "WebsiteAnswer"
    assert said["starts"] == ["StartById", "StartByUrl"]


def _generator() -> Path:
    """Install the generator, pinned, into an environment of its own, and return its program."""
    program = PLACE / "bin" / "openapi-python-client"
    wanted = PLACE / GENERATOR
    if not wanted.exists():
        subprocess.run(
            [BINARIES / "uv", "venv", "--quiet", "--allow-existing", PLACE], check=True, timeout=120
        )
        install: list[str | Path] = [
            *(BINARIES / "uv", "pip", "install", "--quiet", "--python", PLACE / "bin" / "python"),
        ]
        # The client that it writes is formatted with ruff.
        subprocess.run([*install, GENERATOR, "ruff"], check=True, timeout=300)
        wanted.touch()
    return program
