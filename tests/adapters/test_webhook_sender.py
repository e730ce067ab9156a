"""Requests to webhook endpoints are limited in time and size, and never go to private addresses."""

import ipaddress
import socket
import struct
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from llmready.adapters.webhook_sender import PinnedWebhookSender
from llmready.addresses import Address
from llmready.domain.webhooks import WebhookAnswer
from testkit.receiver import connecting, receiving

HEADERS = {"webhook-id": "1", "Content-Type": "application/json"}
LOOPBACK = ipaddress.ip_address("127.0.0.1")
A_DAY = 24 * 3600


def post(url: str, port: int, *, seconds: float = 1.0) -> WebhookAnswer:
    sender = PinnedWebhookSender([("127.0.0.1", port)], seconds=seconds)
    return sender.post(url, HEADERS, b"{}")


def test_an_accepted_request_carries_headers_and_body() -> None:
    with receiving() as receiver:
        answer = post(f"{receiver.url}?a=b", int(receiver.host.partition(":")[2]))
    assert (answer.status_code, answer.response, answer.error) == (200, "ok", None)
    assert answer.is_success
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/hooks?a=b", b"{}")
    assert (request.headers["host"], request.headers["webhook-id"]) == (receiver.host, "1")


def test_replaced_bytes_do_not_make_an_answer_longer() -> None:
    with receiving() as receiver:
        receiver.body = b"\x01" * 1024
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert answer.response == "\ufffd" * 341


def test_the_first_kilobyte_of_an_answer_is_kept_without_control_characters() -> None:
    with receiving() as receiver:
        receiver.body = b"\x1b[31m\x00" + b"x" * 5000
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert answer.response is not None
    assert len(answer.response.encode()) == 1024
    assert answer.response.startswith("\ufffd[31m\ufffdx")


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver:
        receiver.status, receiver.headers = 307, {"Location": f"http://{receiver.host}/elsewhere"}
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert (answer.status_code, answer.is_success) == (307, False)
    assert [request.path for request in receiver.requests] == ["/hooks"]


def _hangs(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(3)


def _drips(connection: socket.socket) -> None:
    connection.recv(4096)
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def _resets(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _answers_as_ssh(connection: socket.socket) -> None:
    # If a connection is closed with unread data, it is reset, and the answer may be lost.
    received = b""
    while not received.endswith(b"{}"):
        received += connection.recv(4096)
    connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")


def _continues_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.001)


@pytest.mark.parametrize("serve", [_hangs, _drips, _continues_for_ever])
def test_a_slow_endpoint_is_left_at_the_deadline(serve: object) -> None:
    with connecting(serve) as port:  # type: ignore[arg-type]
        began = time.monotonic()
        answer = post(f"http://127.0.0.1:{port}/", port, seconds=0.5)
        assert time.monotonic() - began < 1.5
    assert (answer.status_code, answer.error) == (
        None,
        "The endpoint did not answer within 0.5 seconds.",
    )


def test_the_status_counts_although_the_body_never_ends() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        time.sleep(1)

    with connecting(serve) as port:
        answer = post(f"http://127.0.0.1:{port}/", port, seconds=0.5)
    assert (answer.status_code, answer.response, answer.is_success) == (200, "abc", True)


def test_failed_connections_are_reported_in_a_sentence() -> None:
    with connecting(_resets) as port:
        assert post(f"http://127.0.0.1:{port}/", port).error == "The connection to the endpoint failed."
    assert post(f"http://127.0.0.1:{port}/", port).error == "The endpoint refused the connection."
    with connecting(_answers_as_ssh) as port:
        assert post(f"http://127.0.0.1:{port}/", port).error == "The endpoint did not answer in HTTP."


def test_a_name_that_leads_inside_gets_no_connection() -> None:
    with receiving() as receiver:
        port = int(receiver.host.partition(":")[2])
        for addresses in ([LOOPBACK], [ipaddress.ip_address("93.184.216.34"), LOOPBACK]):
            sender = PinnedWebhookSender(look_up=lambda _, found=addresses: found)  # type: ignore[misc]
            answer = sender.post("https://rebind.example.com/", HEADERS, b"{}")
            assert answer.error == "rebind.example.com is not a public internet address, so nothing was sent."
        for url in (f"http://127.0.0.1:{port}/", "https://169.254.169.254/", "https://[::1]/"):
            refused = PinnedWebhookSender([("localhost", port)]).post(url, HEADERS, b"{}")
            assert refused.error is not None
            assert refused.error.endswith("is not a public internet address, so nothing was sent.")
    assert receiver.requests == []


def test_a_name_is_resolved_once_for_each_request() -> None:
    """A second look-up could give another address than the one that was checked."""
    asked: list[str] = []

    def look_up(host: str) -> list[Address]:
        asked.append(host)
        return [LOOPBACK]

    with receiving() as receiver:
        port = int(receiver.host.partition(":")[2])
        sender = PinnedWebhookSender([("allowed.test", port)], look_up=look_up)
        assert sender.post(f"http://allowed.test:{port}/", HEADERS, b"{}").status_code == 200
    assert asked == ["allowed.test"]
    assert receiver.requests[0].headers["host"] == f"allowed.test:{port}"


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    def look_up(_: str) -> list[Address]:
        time.sleep(2)
        return [LOOPBACK]

    began = time.monotonic()
    answer = PinnedWebhookSender(look_up=look_up, seconds=0.3).post("https://slow.example.com/", {}, b"")
    assert time.monotonic() - began < 1
    assert answer.error == "The endpoint did not answer within 0.3 seconds."


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120),
        ("0", 0),
        ("-1", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        ("9" * 30, A_DAY),
        ("0" * 5000 + "7", 7),
    ],
)
def test_retry_after_is_read_in_seconds(value: str, expected: int | None) -> None:
    with receiving() as receiver:
        receiver.status, receiver.headers = 503, {"Retry-After": value}
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert answer.retry_after == (None if expected is None else timedelta(seconds=expected))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("Mon, 01 Jan 0001 00:00:00 +2359", timedelta()),
        ("Mon, 01 Jan 0001 00:00:00 -0000", timedelta()),
        (", : + -", None),
        ("\xb2 Jan \xb9", None),
    ],
)
def test_odd_dates_of_retry_after_are_no_errors(value: str, expected: timedelta | None, status: int) -> None:
    with receiving() as receiver:
        receiver.status, receiver.headers = status, {"Retry-After": value}
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert (answer.status_code, answer.retry_after) == (status, expected)


def test_an_unexpected_error_of_a_request_is_a_failed_attempt() -> None:
    def look_up(_: str) -> list[Address]:
        raise RuntimeError

    answer = PinnedWebhookSender(look_up=look_up).post("https://odd.example.com/", {}, b"")
    assert (answer.status_code, answer.error) == (None, "The endpoint did not answer in HTTP.")


def test_retry_after_is_read_as_a_date() -> None:
    with receiving() as receiver:
        later = datetime.now(UTC) + timedelta(hours=1)
        receiver.status, receiver.headers = 429, {"Retry-After": format_datetime(later, usegmt=True)}
        answer = post(receiver.url, int(receiver.host.partition(":")[2]))
    assert answer.retry_after is not None
    assert timedelta(minutes=59) < answer.retry_after <= timedelta(hours=1)
