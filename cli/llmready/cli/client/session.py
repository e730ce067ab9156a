"""Call the HTTP API: renew tokens in time, and turn errors into one sentence with an exit code."""

# ruff: noqa: PLC0415 - httpx takes long to import, and commands that need no server should not wait for it

import argparse
import json
import os
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from llmready.cli.client.credentials import Credentials, CredentialStore, Login
from llmready.cli.client.output import plain
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.version import __version__

if TYPE_CHECKING:
    import httpx

DEFAULT_API = "http://localhost:8000/api/v1"
_TIMEOUT, _CONNECT_TIMEOUT = 35.0, 10.0  # seconds
_SPARE = 30.0  # seconds before its expiry at which an access token is renewed
_TRIES = 3
_SHORTEST_WAIT = 1.0  # seconds between two polls
_LONGEST_WAIT = 20.0  # seconds; a longer Retry-After is reported instead
_LOCAL_HINT = (
    " To crawl a site on this machine, start the system with LLMREADY_CRAWL_ALLOW=127.0.0.1:8080 make run."
)
_CODES = {
    401: ExitCode.NOT_SIGNED_IN,
    403: ExitCode.NOT_ALLOWED,
    404: ExitCode.NOT_FOUND,
    410: ExitCode.NOT_FOUND,
    429: ExitCode.TOO_MANY_REQUESTS,
}


class Refused(CommandFailed):
    """The service refused a request.

    Attributes:
        status: HTTP status code.
        problem: The problem document (RFC 9457).
    """

    def __init__(self, status: int, problem: dict[str, Any], *, hint: str = "") -> None:
        code = ExitCode.UNREACHABLE if status >= 500 else _CODES.get(status, ExitCode.REFUSED)
        super().__init__(plain(_sentence(problem)) + hint, code, problem=problem)
        self.status = status
        self.problem = problem


class Session:
    """A connection to a server, with the login or the API key of a person.

    Args:
        api: Base address of the API.
        store: File of logins.
    """

    def __init__(self, api: str, store: CredentialStore) -> None:
        import httpx

        self.api = api
        self.retry_after = _SHORTEST_WAIT
        """Seconds after which the last answer may change, from its ``Retry-After``."""
        self._store = store
        self._login = store.read().logins.get(api)
        self._api_key = os.environ.get("LLMREADY_API_KEY", "").strip()
        # Requests to this machine do not go through a proxy.
        self._http = httpx.Client(
            timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
            trust_env=not is_loopback(api),
            headers={"User-Agent": f"llmready/{__version__}"},
        )

    @property
    def email(self) -> str | None:
        """Address of the account that is signed in, or None."""
        return self._login.email if self._login else None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sign_in(self, email: str, password: str) -> None:
        """Sign in, store the login, and make this server the default."""
        tokens = self._ask("POST", "/auth/login", json={"email": email, "password": password})
        with self._store.locked():
            self._remember(email, tokens)

    def sign_out(self) -> None:
        """Revoke the login and delete it here, even when the server cannot be reached."""
        login = self.forget()
        if login is None:
            raise _not_signed_in(self.api)
        try:
            self._ask("POST", "/auth/logout", json={"refresh_token": login.refresh_token})
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise

    def forget(self) -> Login | None:
        """Delete the stored login of this server and return it."""
        with self._store.locked():
            login = self._store.read().logins.get(self.api)
            self._forget()
        return login

    def check_reachable(self) -> None:
        """Check that LLMReady answers, before the user has to type anything.

        Raises:
            CommandFailed: The server cannot be reached, or is not LLMReady.
        """
        self.open_call("GET", "/health")

    def open_call(self, method: str, path: str, **request: Any) -> Any:
        """Send a request that needs no login and return the JSON of the answer."""
        return self._ask(method, path, **request)

    def call(self, method: str, path: str, **request: Any) -> Any:
        """Send a request with the API key from LLMREADY_API_KEY, or with the stored sign-in.

        Returns:
            The JSON of the answer.

        Raises:
            CommandFailed: There is no key and nobody is signed in, the login has expired, or the server cannot
                be reached.
            Refused: The service refused it.
        """
        return _json(self._authorized(method, path, **request), self.api)

    def text(self, path: str) -> str:
        """Return the text of a file of the API. A large file is fetched from the presigned URL.

        Raises:
            CommandFailed: As :meth:`call`.
        """
        import httpx

        answer = self._authorized("GET", path)
        if not answer.is_redirect:
            return answer.text
        try:
            file = httpx.get(
                answer.headers["Location"], timeout=_TIMEOUT, trust_env=not is_loopback(self.api)
            )
        except httpx.HTTPError as error:
            raise unreachable("the file", error) from None
        if not file.is_success:
            raise CommandFailed("the file could not be downloaded; try again", ExitCode.UNREACHABLE)
        return file.content.decode("utf-8", errors="replace")

    def _authorized(self, method: str, path: str, **request: Any) -> "httpx.Response":
        if self._api_key:
            return self._send(method, path, token=self._api_key, **request)
        login = self._login
        if login is None:
            raise _not_signed_in(self.api)
        if login.expires_at - _SPARE < time.time():
            login = self._renewed(login)
        try:
            return self._send(method, path, token=login.access_token, **request)
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
        return self._send(method, path, token=self._renewed(login).access_token, **request)

    def _renewed(self, old: Login) -> Login:
        with self._store.locked():
            newest = self._store.read().logins.get(self.api)
            if newest is None:
                raise _not_signed_in(self.api)
            if newest.refresh_token != old.refresh_token:
                self._login = newest  # another command renewed it
                return newest
            try:
                tokens = self._ask("POST", "/auth/refresh", json={"refresh_token": old.refresh_token})
            except Refused as refused:
                if refused.status != HTTPStatus.UNAUTHORIZED:
                    raise
                self._forget()
                raise CommandFailed(
                    "your login has expired; sign in again with `llmready login`", ExitCode.NOT_SIGNED_IN
                ) from None
            return self._remember(old.email, tokens)

    def _remember(self, email: str, tokens: dict[str, Any]) -> Login:
        self._login = Login(
            email=email,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            expires_at=time.time() + float(tokens["expires_in"]),
        )
        self._store.write(self._store.read().with_login(self.api, self._login))
        return self._login

    def _forget(self) -> None:
        self._login = None
        self._store.write(self._store.read().with_login(self.api, None))

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        return _json(self._send(method, path, **request), self.api)

    def _send(self, method: str, path: str, *, token: str | None = None, **request: Any) -> "httpx.Response":
        import httpx

        headers = {**request.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        for attempt in range(_TRIES):
            try:
                answer = self._http.request(method, self.api + path, headers=headers, **request)
            except httpx.HTTPError as error:
                raise unreachable(self.api, error) from None
            if answer.is_success or answer.is_redirect:
                self.retry_after = max(_SHORTEST_WAIT, _wait(answer) or _SHORTEST_WAIT)
                return answer
            wait = _wait(answer)
            # With these statuses the server did nothing, so the request can be repeated.
            if answer.status_code not in (429, 503) or wait is None or attempt == _TRIES - 1:
                _refuse(answer, self.api)
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command of the client accepts."""
    parser.add_argument(
        "--api",
        metavar="URL",
        default=os.environ.get("LLMREADY_API"),
        help="address of the API (default: LLMREADY_API, the server of your last sign-in, or the local system)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def open_session(options: argparse.Namespace) -> Session:
    """Return the session for the arguments of a command.

    Raises:
        CommandFailed: The address is not an HTTP address.
    """
    store = CredentialStore()
    known: Credentials = store.read()
    return Session(api_address(options.api or _default_api(known.api)), store)


def _default_api(last: str | None) -> str:
    """Return the server to use when none is named.

    This is the server of the last sign-in, if it is not on this machine. Otherwise, it is the local system
    that runs in the current folder.
    """
    if last is not None and not is_loopback(last):
        return last
    for folder in (Path.cwd(), *Path.cwd().parents):
        try:
            local = str(json.loads((folder / ".local" / "endpoints.json").read_bytes())["api"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # The folder may be the checkout of a stranger, who must not get the password or the API key.
        if is_loopback(local):
            return local
    return last or DEFAULT_API


def api_address(text: str) -> str:
    """Return the base address of an API from what a person typed, such as ``api.example.com``.

    Raises:
        CommandFailed: It is not an HTTP address, or it would send the password without encryption.
    """
    text = text.strip()
    typed = text if "://" in text else f"{'http' if is_loopback('//' + text) else 'https'}://{text}"
    try:
        parts = urlsplit(typed)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise CommandFailed(
            f"{plain(text)} is not the address of an API; use one such as https://api.example.com",
            ExitCode.USAGE,
        )
    if parts.scheme == "http" and not is_loopback(typed):
        raise CommandFailed(
            f"{plain(text)} would send your password without encryption; use https",
            ExitCode.USAGE,
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/api/v1'}"


def unreachable(where: str, error: Exception) -> CommandFailed:
    """Return the failure to reach a server."""
    import httpx

    reason = "no answer in time" if isinstance(error, httpx.TimeoutException) else plain(str(error))
    return CommandFailed(
        f"{where} cannot be reached ({reason or type(error).__name__}); check the address and your connection",
        ExitCode.UNREACHABLE,
    )


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    try:
        return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False


def _not_signed_in(api: str) -> CommandFailed:
    return CommandFailed(
        f"you are not signed in at {api}; sign in with `llmready login` or set LLMREADY_API_KEY",
        ExitCode.NOT_SIGNED_IN,
    )


def _json(answer: "httpx.Response", api: str) -> Any:
    if answer.status_code == HTTPStatus.NO_CONTENT:
        return None
    try:
        return answer.json()
    except ValueError:
        raise CommandFailed(
            f"the server at {api} is not LLMReady; check the address", ExitCode.UNREACHABLE
        ) from None


def _wait(answer: "httpx.Response") -> float | None:
    try:
        seconds = float(answer.headers.get("Retry-After", "1"))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST_WAIT else None


def _refuse(answer: "httpx.Response", api: str) -> NoReturn:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not ({"detail", "message"} & problem.keys()):
        raise CommandFailed(
            f"the server at {api} is not LLMReady (status {answer.status_code}); check the address",
            ExitCode.UNREACHABLE,
        )
    local = problem.get("code") == "url_not_public" and is_loopback(api)
    raise Refused(answer.status_code, problem, hint=_LOCAL_HINT if local else "")


def _sentence(problem: dict[str, Any]) -> str:
    text = str(problem.get("detail") or problem.get("message") or "the request was refused")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
