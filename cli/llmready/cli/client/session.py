"""Talking to the HTTP API: tokens that are renewed in time, and errors as one sentence with an exit code."""

# ruff: noqa: PLC0415 - httpx takes long to import, which only what talks to a server should wait for

import argparse
import os
import time
from http import HTTPStatus
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
_SPARE = 30.0  # seconds before its end at which an access token is renewed
_TRIES = 3
_SHORTEST_WAIT = 1.0  # seconds between two looks at something that changes
_LONGEST_WAIT = 20.0  # seconds of a Retry-After that are waited out
_CODES = {
    401: ExitCode.NOT_SIGNED_IN,
    403: ExitCode.NOT_ALLOWED,
    404: ExitCode.NOT_FOUND,
    410: ExitCode.NOT_FOUND,
    429: ExitCode.TOO_MANY_REQUESTS,
}


class Refused(CommandFailed):
    """The service refused a request; ``problem`` is what it said (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        code = ExitCode.UNREACHABLE if status >= 500 else _CODES.get(status, ExitCode.REFUSED)
        super().__init__(plain(_sentence(problem)), code)
        self.status = status
        self.problem = problem


class Session:
    """Somebody at a server, signed in or not.

    Args:
        api: Base address of the API.
        store: Where logins are kept.
    """

    def __init__(self, api: str, store: CredentialStore) -> None:
        import httpx

        self.api = api
        self.retry_after = _SHORTEST_WAIT
        """Seconds after which the last answer may change, as the service said."""
        self._store = store
        self._login = store.read().logins.get(api)
        self._api_key = os.environ.get("LLMREADY_API_KEY", "").strip()
        # A proxy for the world has no business with this machine's own addresses.
        self._http = httpx.Client(
            timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
            trust_env=not is_loopback(api),
            headers={"User-Agent": f"llmready/{__version__}"},
        )

    @property
    def email(self) -> str | None:
        """Who is signed in."""
        return self._login.email if self._login else None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sign_in(self, email: str, password: str) -> None:
        """Sign in and remember it, this server as the one to use from now on."""
        tokens = self._ask("POST", "/auth/login", json={"email": email, "password": password})
        with self._store.locked():
            self._remember(email, tokens)

    def sign_out(self) -> None:
        """Revoke the login and forget it; forgotten even where the server cannot be reached."""
        with self._store.locked():
            login = self._store.read().logins.get(self.api)
            self._forget()
        if login is None:
            raise _not_signed_in(self.api)
        try:
            self._ask("POST", "/auth/logout", json={"refresh_token": login.refresh_token})
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise

    def open_call(self, method: str, path: str, **request: Any) -> Any:
        """Send a request that needs no login and return the answer's JSON."""
        return self._ask(method, path, **request)

    def call(self, method: str, path: str, **request: Any) -> Any:
        """Send a request with the API key from LLMREADY_API_KEY, or as whoever is signed in.

        Returns:
            The JSON of the answer.

        Raises:
            CommandFailed: There is no key and nobody is signed in, the login has expired, or the server cannot
                be reached.
            Refused: The service refused it.
        """
        if self._api_key:
            return self._ask(method, path, token=self._api_key, **request)
        login = self._login
        if login is None:
            raise _not_signed_in(self.api)
        if login.expires_at - _SPARE < time.time():
            login = self._renewed(login)
        try:
            return self._ask(method, path, token=login.access_token, **request)
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
        return self._ask(method, path, token=self._renewed(login).access_token, **request)

    def _renewed(self, old: Login) -> Login:
        with self._store.locked():
            newest = self._store.read().logins.get(self.api)
            if newest is None:
                raise _not_signed_in(self.api)
            if newest.refresh_token != old.refresh_token:
                self._login = newest  # another command was faster
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

    def _ask(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Any:
        import httpx

        headers = {**request.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        for attempt in range(_TRIES):
            try:
                answer = self._http.request(method, self.api + path, headers=headers, **request)
            except httpx.HTTPError as error:
                raise unreachable(self.api, error) from None
            if answer.is_success:
                self.retry_after = max(_SHORTEST_WAIT, _wait(answer) or _SHORTEST_WAIT)
                return _json(answer, self.api)
            wait = _wait(answer)
            # Both statuses mean that nothing was done.
            if answer.status_code not in (429, 503) or wait is None or attempt == _TRIES - 1:
                _refuse(answer, self.api)
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command of the client has."""
    parser.add_argument(
        "--api",
        metavar="URL",
        default=os.environ.get("LLMREADY_API"),
        help=f"address of the API (default: LLMREADY_API, else where you signed in last, else {DEFAULT_API})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def open_session(options: argparse.Namespace) -> Session:
    """Return the session that the arguments mean.

    Raises:
        CommandFailed: The address is no HTTP address.
    """
    store = CredentialStore()
    known: Credentials = store.read()
    return Session(api_address(options.api or known.api or DEFAULT_API), store)


def api_address(text: str) -> str:
    """Return the base address of an API; ``api.example.com`` is enough.

    Raises:
        CommandFailed: It is no HTTP address, or one over which a password would travel in the open.
    """
    text = text.strip()
    typed = text if "://" in text else f"{'http' if is_loopback('//' + text) else 'https'}://{text}"
    try:
        parts = urlsplit(typed)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise CommandFailed(f"{plain(text)} is no address of an API", ExitCode.USAGE)
    if parts.scheme == "http" and not is_loopback(typed):
        raise CommandFailed(
            f"{plain(text)} is not encrypted, and your password would travel in the open; use https",
            ExitCode.USAGE,
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/api/v1'}"


def unreachable(where: str, error: Exception) -> CommandFailed:
    """Return the failure to reach a server."""
    import httpx

    reason = "it took too long" if isinstance(error, httpx.TimeoutException) else plain(str(error))
    return CommandFailed(
        f"{where} cannot be reached ({reason or type(error).__name__})", ExitCode.UNREACHABLE
    )


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine itself."""
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
            f"what answers at {api} is not LLMReady; is the address right?", ExitCode.UNREACHABLE
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
            f"what answers at {api} is not LLMReady (status {answer.status_code}); is the address right?",
            ExitCode.UNREACHABLE,
        )
    raise Refused(answer.status_code, problem)


def _sentence(problem: dict[str, Any]) -> str:
    text = str(problem.get("detail") or problem.get("message") or "the request was refused")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
