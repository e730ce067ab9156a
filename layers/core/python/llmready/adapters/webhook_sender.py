"""Send requests to webhook endpoints: only to checked addresses, with limits of time and size."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Self, TypeVar
from urllib.parse import SplitResult, urlsplit

from llmready.addresses import Address, AddressRefused, AddressRules
from llmready.domain.webhooks import LONGEST_PAUSE, WebhookAnswer

SECONDS = 15.0
"""Longest time for one request, from resolving the name to the end of the answer."""

A = TypeVar("A")
T = TypeVar("T")

_KEPT_BYTES = 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


class _TooLate(Exception):
    """The time limit of the request was reached."""


def system_look_up(host: str) -> list[Address]:
    """Return all addresses of a host from the system's resolver.

    Raises:
        OSError: There is none.
    """
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]


class PinnedWebhookSender:
    """Implements :class:`llmready.ports.webhooks.WebhookSender`.

    The name is resolved once. All of its addresses are checked, and the connection goes to one of them. A
    name whose addresses change therefore cannot lead to a private address. Redirects are not followed, and no
    proxy is used.

    Args:
        allowed: Pairs of host and port that may be used although their addresses are private.
        look_up: Returns the addresses of a host.
        context: Returns the SSL context that checks certificates.
        seconds: Longest time for one request.
    """

    def __init__(
        self,
        allowed: Iterable[tuple[str, int]] = (),
        *,
        look_up: Callable[[str], list[Address]] = system_look_up,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        seconds: float = SECONDS,
    ) -> None:
        self._allowed = frozenset(allowed)
        self._look_up = look_up
        self._context = context
        self._seconds = seconds

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Send one request and return its result."""
        began = time.monotonic()
        try:
            with _Deadline(began + self._seconds) as deadline:
                answer = self._post(urlsplit(url), headers, body, deadline)
        except Exception as error:  # noqa: BLE001 - no answer of a receiver may end the notifier
            return WebhookAnswer(
                duration_ms=_milliseconds_since(began),
                error=_reason(error, self._seconds),
                timed_out=isinstance(error, _TooLate),
            )
        return answer.model_copy(update={"duration_ms": _milliseconds_since(began)})

    def _post(
        self, url: SplitResult, headers: Mapping[str, str], body: bytes, deadline: "_Deadline"
    ) -> WebhookAnswer:
        if url.scheme not in _DEFAULT_PORTS:
            raise ValueError("the URL is no HTTP URL")
        host, port = url.hostname or "", url.port or _DEFAULT_PORTS[url.scheme]
        connected = self._connect(host, port, deadline)
        connection: HTTPConnection
        if url.scheme == "https":
            context = self._context()
            secured = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
            deadline.watch(secured)
            deadline.run(secured.do_handshake)
            connection = HTTPSConnection(host, port, context=context)
            connection.sock = secured
        else:
            connection = HTTPConnection(host, port)
            connection.sock = connected
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            return deadline.run(lambda: _exchange(connection, target, headers, body))
        finally:
            connection.close()

    def _connect(self, host: str, port: int, deadline: "_Deadline") -> socket.socket:
        """Resolve a host, check every address and connect to one of them."""
        rules = AddressRules(self._allowed)
        literal = _literal(host)
        rules.check_host(f"[{host}]" if ":" in host else host, port, literal)
        addresses = [literal] if literal is not None else deadline.result_of(self._look_up, host)
        if literal is None:
            rules.check_resolved(host, port, addresses)
        failure: OSError = socket.gaierror("no address")
        for address in addresses:
            rules.check_connect(address, port)
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            opened = socket.socket(family, socket.SOCK_STREAM)
            deadline.watch(opened)
            try:
                opened.settimeout(deadline.left())
                opened.connect((str(address), port))
            except OSError as error:
                opened.close()
                deadline.left()
                failure = error
            else:
                return opened
        raise failure


class _Deadline:
    """The time limit of a request.

    When it is reached, the watched socket is shut down, whatever the request waits for.
    """

    def __init__(self, end: float) -> None:
        self._end = end
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), self._expire)
        self._timer.daemon = True
        self._expired = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    def watch(self, opened: socket.socket) -> None:
        """Shut this socket down when the time limit is reached."""
        self._socket = opened

    def left(self) -> float:
        """Return the remaining seconds.

        Raises:
            _TooLate: No time is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise _TooLate
        return left

    def run(self, step: Callable[[], T]) -> T:
        """Run a step that uses the watched socket.

        Raises:
            _TooLate: The time was over before the step ended.
        """
        self.left()
        try:
            return step()
        except (OSError, ValueError, HTTPException):
            if self._expired or time.monotonic() >= self._end:
                raise _TooLate from None
            raise

    def result_of(self, step: Callable[[A], T], argument: A) -> T:
        """Run a step that cannot be interrupted in a separate thread.

        Raises:
            _TooLate: The time was over before the step ended. Its thread is abandoned.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(step(argument))
            except BaseException as error:  # noqa: BLE001 - it is raised by the caller
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            return future.result(self.left())
        except TimeoutError:
            self.left()
            raise

    def _expire(self) -> None:
        self._expired = True
        if self._socket is not None:
            try:
                # The method of a TLS socket is not used, because it would change the socket's state while another
                # thread reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                return  # it is closed already


def _reason(error: Exception, seconds: float) -> str:
    """Return why a request has no answer, as a sentence for the owner of the endpoint.

    Args:
        error: The error of the request.
        seconds: Time limit of the request.
    """
    match error:
        case AddressRefused():
            reason = f"{error.host} is not a public internet address, so nothing was sent."
        case _TooLate():
            reason = f"The endpoint did not answer within {seconds:g} seconds."
        case ssl.SSLCertVerificationError():
            reason = f"The certificate of the endpoint is not valid: {error.verify_message}."
        case ssl.SSLError():
            reason = "The encrypted connection (TLS) to the endpoint failed."
        case socket.gaierror():
            reason = "The host name of the endpoint has no address."
        case ConnectionRefusedError():
            reason = "The endpoint refused the connection."
        case OSError() | ValueError() if not isinstance(error, HTTPException):
            reason = "The connection to the endpoint failed."
        case _:
            reason = "The endpoint did not answer in HTTP."
    return reason


def _exchange(
    connection: HTTPConnection, target: str, headers: Mapping[str, str], body: bytes
) -> WebhookAnswer:
    connection.request(
        "POST", target, body, {**headers, "Accept-Encoding": "identity", "Connection": "close"}
    )
    response = connection.getresponse()
    return WebhookAnswer(
        status_code=response.status,
        duration_ms=0,
        response=_start_of(response),
        retry_after=_retry_after(response.headers.get("Retry-After")),
    )


def _start_of(response: HTTPResponse) -> str:
    """Return the first bytes of an answer as text without control characters. The rest is not read.

    The text is cut to the number of bytes that were read, because a replacement character takes three bytes.
    """
    start = b""
    try:
        while len(start) < _KEPT_BYTES and (part := response.read1(_KEPT_BYTES - len(start))):
            start += part
    except (OSError, ValueError, HTTPException):
        # Only the status matters; the body is stored only for display to the user.
        pass
    text = start.decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)
    return shown.encode()[:_KEPT_BYTES].decode("utf-8", "ignore")


def _retry_after(value: str | None) -> timedelta | None:
    """Return the seconds in a Retry-After header, or until its date, at most a day.

    Return None if the value is not valid.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        return (
            min(timedelta(seconds=int(digits or "0")), LONGEST_PAUSE) if len(digits) < 10 else LONGEST_PAUSE
        )
    try:
        date = parsedate_to_datetime(text)
        wanted = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(timedelta(), wanted), LONGEST_PAUSE)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
