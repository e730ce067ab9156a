"""Web pages must not use the emulator of a developer's machine: it runs the code of every function created in it."""

import base64
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from infra.local.emulator import Emulator
from infra.local.settings import read_settings
from testkit.ports import free_port

PAGE = {"Origin": "https://attacker.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
NAVIGATION = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FUNCTIONS = "/2015-03-31/functions"
SIGNED = "?X-Amz-Credential=test/20261129/us-east-1/s3/aws4_request&X-Amz-Signature=x"


@pytest.fixture
async def emulator(tmp_path: Path) -> AsyncIterator[Emulator]:
    (tmp_path / "log").mkdir()
    started = Emulator(read_settings(str(free_port()), tmp_path, {}))
    await started.start()
    yield started
    await started.stop()


def _function(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("page.py", code)
    body = {
        "FunctionName": "page",
        "Runtime": "python3.13",
        "Handler": "page.handler",
        "Role": "arn:aws:iam::000000000000:role/page",
        "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()},
    }
    return json.dumps(body).encode()


async def test_a_web_page_can_neither_read_nor_change_anything_nor_run_code(
    emulator: Emulator, tmp_path: Path
) -> None:
    proof = tmp_path / "ran"
    create = _function(f"def handler(event, context):\n    open({str(proof)!r}, 'w').close()\n")
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    calls: list[tuple[str, str, dict[str, str], bytes | None]] = [
        ("OPTIONS", FUNCTIONS, PAGE | preflight, None),
        ("POST", FUNCTIONS, PAGE | {"Content-Type": "text/plain"}, create),
        ("POST", f"{FUNCTIONS}/page/invocations", PAGE, b"{}"),
        ("POST", FUNCTIONS, {"Origin": "null"}, create),
        ("GET", "/", PAGE, None),
        # An image, a script or a link of a page sends no origin.
        ("GET", "/?Action=ListQueues", NAVIGATION, None),
        ("GET", f"/{SIGNED}", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, None),
        ("GET", f"/{SIGNED}&Action=CreateStack", NAVIGATION, None),
        ("GET", f"/{SIGNED}&X-Amz-Target=Any.CreateStack", NAVIGATION, None),
        ("GET", f"/_ministack/health{SIGNED}", NAVIGATION, None),
        ("GET", f"/{SIGNED.replace('s3', 'cloudformation')}", NAVIGATION, None),
        # DNS rebinding: the page's own name leads to this machine, so its requests have no foreign origin.
        ("GET", "/_ministack/health", {"Host": "attacker.example"}, None),
        ("POST", FUNCTIONS, {"Host": f"attacker.example:{emulator.port}"}, create),
    ]
    async with aiohttp.ClientSession() as session:
        for method, path, headers, body in calls:
            async with session.request(
                method, emulator.endpoint + path, headers=headers, data=body
            ) as answer:
                assert answer.status == 403, (method, path, headers)
                assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(emulator.endpoint + "/", headers={"Origin": PAGE["Origin"]})
    assert not proof.exists()


async def test_programs_and_presigned_downloads_are_accepted(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{emulator.endpoint}/_ministack/health") as answer:
            assert answer.status == 200
        file = f"{emulator.endpoint}/archives/file{SIGNED}&response-content-disposition=attachment"
        async with session.get(file, headers=NAVIGATION) as answer:
            assert answer.status == 404
