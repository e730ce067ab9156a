"""Refuse requests of web pages to the emulator.

The emulator checks no credentials, and it runs the code of any function that is created in it. It also allows
every origin to read its answers. Without this check, each web page that a developer opens could run programs
on the developer's machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HOSTS = frozenset({"127.0.0.1", "localhost"})
# Parameters of a presigned URL of S3. Others, such as "Action", would call another service.
_PRESIGNED = re.compile(
    r"X-Amz-(?:Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)|response-[a-z-]+"
)


def is_web_page(name: str) -> bool:
    """Return whether only requests of web pages have a header.

    Args:
        name: name of the header.
    """
    lower = name.lower()
    return lower == "origin" or lower.startswith("sec-fetch-")


def is_refused(method: str, url: str, headers: Iterable[tuple[str, str]]) -> bool:
    """Return whether a request to the emulator is refused.

    Requests of programs are accepted. Of requests of browsers, only the navigation to a presigned URL is
    accepted, with which the web app downloads an archive. Requests to another host name are refused. With DNS
    rebinding, a web page could let its own name lead to this machine.

    Args:
        method: method of the request.
        url: path and query of its URL.
        headers: its headers.
    """
    sent = {name.lower(): value for name, value in headers}
    if not _is_for_this_machine(sent):
        return True
    if not any(is_web_page(name) for name in sent):
        return False
    return not (_is_navigation(method, sent) and _is_presigned(url))


def _is_for_this_machine(sent: Mapping[str, str]) -> bool:
    try:
        return urlsplit(f"//{sent.get('host', '')}").hostname in _HOSTS
    except ValueError:
        return False


def _is_navigation(method: str, sent: Mapping[str, str]) -> bool:
    return method == "GET" and "origin" not in sent and sent.get("sec-fetch-mode") == "navigate"


def _is_presigned(url: str) -> bool:
    path, _, query = url.partition("?")
    given = parse_qs(query, keep_blank_values=True)
    is_of_s3 = "/s3/" in given.get("X-Amz-Credential", [""])[0]
    return is_of_s3 and not path.startswith("/_") and all(map(_PRESIGNED.fullmatch, given))
