"""Recognise requests through the CloudFront distribution, and read the viewer's address and host from them.

The distribution adds a secret header, and overwrites two headers with the source address of the viewer and the host
that the viewer requested. These two are read only from requests with the secret header.
"""

import hmac
import ipaddress
import re
from collections.abc import Collection
from typing import Any

from llmready.domain.errors import Forbidden

SECRET_HEADER = "x-llmready-origin"  # noqa: S105 - the name of a header
VIEWER_HEADER = "x-llmready-viewer"
HOST_HEADER = "x-llmready-host"

_OURS = frozenset({SECRET_HEADER, VIEWER_HEADER, HOST_HEADER})
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


def from_distribution(event: dict[str, Any], accepted: Collection[str]) -> None:
    """Replace the source address and the host in an event with those of the viewer.

    Args:
        event: The request event of API Gateway. The distribution's headers are removed from it.
        accepted: The values of the secret header that are accepted.

    Raises:
        Forbidden: The request did not come through the distribution.
    """
    headers = event.get("headers") or {}
    said = {name.lower(): str(value) for name, value in headers.items() if name.lower() in _OURS}
    event["headers"] = {name: value for name, value in headers.items() if name.lower() not in _OURS}
    given = said.get(SECRET_HEADER, "").encode()
    if not any(hmac.compare_digest(given, value.encode()) for value in accepted):
        raise Forbidden(
            "direct_call", "Direct calls are not allowed. Send the request to the address of the web app."
        )
    context = event["requestContext"]
    if _is_address(viewer := said.get(VIEWER_HEADER, "")):
        context["http"]["sourceIp"] = viewer
    if _HOST.fullmatch(host := said.get(HOST_HEADER, "")):
        context["domainName"] = host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
