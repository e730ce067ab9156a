"""Who asks, where a request would cost its sender the account, and what lets some sign-ins succeed.

Schemathesis loads this file by its name (SCHEMATHESIS_HOOKS). The two people of ``running.py`` send everything else.
"""

import os
import uuid
from typing import Any

import httpx
import schemathesis
from schemathesis.generation import GenerationMode

PASSWORD = "correct horse battery"
_URL = os.environ.get("FUZZ_URL", "")
# A deleted account's token is over, and wrong passwords lock an address: these take somebody new each time.
_COST_THE_ACCOUNT = {("DELETE", "/api/v1/auth/me"), ("POST", "/api/v1/auth/change-password")}


def _sign_in(body: dict[str, str]) -> str:
    answer = httpx.post(f"{_URL}/auth/login", json=body, timeout=60).raise_for_status()
    return str(answer.json()["access_token"])


def _newcomer() -> dict[str, str]:
    body = {"email": f"{uuid.uuid4().hex[:12]}@example.org", "password": PASSWORD}
    httpx.post(f"{_URL}/auth/register", json=body, timeout=60).raise_for_status()
    return body


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    path = case.operation.path
    if (case.method, path) in _COST_THE_ACCOUNT and "Authorization" in (case.headers or {}):
        case.headers["Authorization"] = f"Bearer {_sign_in(_newcomer())}"
    meant_well = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    # Half of the well-formed logins are right, so that what follows a sign-in is reached.
    if path == "/api/v1/auth/login" and meant_well and len(case.body["password"]) % 2:
        case.body = {"email": os.environ["FUZZ_EMAIL"], "password": PASSWORD}
