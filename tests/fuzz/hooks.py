"""Choose the user for requests that would delete or change the sender's account, and let some sign-ins succeed.

Schemathesis loads this file by its name (SCHEMATHESIS_HOOKS). The two users of ``running.py`` send all other
requests.
"""

import os
import uuid
from typing import Any
from urllib.parse import urlencode

import httpx
import schemathesis
from schemathesis.generation import GenerationMode

PASSWORD = "correct horse battery"
_URL = os.environ.get("FUZZ_URL", "")
# Deleting an account or a session ends its token, and wrong passwords lock an address, so these requests use a new
# user each time.
_ENDS_A_SESSION = ("DELETE", "/api/v1/auth/sessions/{session_id}")
_COST_THE_ACCOUNT = {("DELETE", "/api/v1/auth/me"), ("POST", "/api/v1/auth/change-password")}


def _sign_in(body: dict[str, str]) -> str:
    answer = httpx.post(f"{_URL}/auth/login", json=body, timeout=60).raise_for_status()
    return str(answer.json()["access_token"])


def _newcomer() -> dict[str, str]:
    body = {"email": f"{uuid.uuid4().hex[:12]}@example.org", "password": PASSWORD}
    httpx.post(f"{_URL}/auth/register", json=body, timeout=60).raise_for_status()
    return body


def _is_good(authorization: str | None) -> bool:
    """Return whether a token is valid; checks send invalid ones on purpose, which must not be replaced."""
    if not authorization:
        return False
    # Some values cannot be sent in a header.
    try:
        answer = httpx.get(f"{_URL}/auth/me", headers={"Authorization": authorization}, timeout=60)
    except (UnicodeEncodeError, httpx.HTTPError):
        return False
    return answer.status_code == 200


def _end_a_newcomers_session(case: Any) -> None:
    """Let a newcomer end their own session: the IDs of earlier answers are sessions of the two users."""
    case.headers["Authorization"] = f"Bearer {_sign_in(_newcomer())}"
    headers = {"Authorization": case.headers["Authorization"]}
    sessions = httpx.get(f"{_URL}/auth/sessions", headers=headers, timeout=60).raise_for_status().json()
    case.path_parameters = {**case.path_parameters, "session_id": sessions["items"][0]["id"]}


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    path = case.operation.path
    if (case.method, path) in _COST_THE_ACCOUNT and _is_good((case.headers or {}).get("Authorization")):
        case.headers["Authorization"] = f"Bearer {_sign_in(_newcomer())}"
    meant_well = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if (case.method, path) == _ENDS_A_SESSION and meant_well:
        if _is_good((case.headers or {}).get("Authorization")):
            _end_a_newcomers_session(case)
        return
    if not isinstance(case.body, dict):
        return
    # Generated URLs rarely have a public host, so most of the well-formed ones get one; otherwise later steps would
    # not be reached.
    if case.method == "POST" and path == "/api/v1/websites" and meant_well and len(case.body["url"]) % 4:
        case.body = {**case.body, "url": f"https://{uuid.uuid4().hex}.example.com", "max_pages": 50}
    if path != "/api/v1/auth/login":
        return
    # Half of the well-formed logins are correct, so that requests after a sign-in are reached.
    if meant_well and len(case.body["password"]) % 2:
        case.body = {"email": os.environ["FUZZ_EMAIL"], "password": PASSWORD}
    # Addresses from earlier answers are also tried; ten wrong passwords would lock out the two users.
    elif case.body.get("email") in os.environ["FUZZ_PEOPLE"].split(","):
        case.body = {**case.body, "email": f"not-{case.body['email']}"}


@schemathesis.hook
def filter_query(_context: Any, query: Any) -> bool:
    """Leave out requests that exceed the gateway's limit of 10 kB for everything except the body."""
    return len(urlencode(query or {}, doseq=True)) < 10_000
