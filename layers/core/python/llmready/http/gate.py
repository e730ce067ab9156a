"""Check every request before routing: size, media type and structure of its body, and credentials."""

import base64
import binascii
import ipaddress
import json
from typing import Any, Never

from llmready.domain.api_keys import PREFIX as KEY_PREFIX
from llmready.domain.errors import Invalid, Unauthenticated
from llmready.domain.tokens import Audience, Claims, Keys, check
from llmready.http.problems import BodyTooLarge, UnsupportedMediaType

_LARGEST_BODY = 1024 * 1024  # bytes
_DEEPEST = 50  # levels of JSON
_MOST_FIELDS = 100  # of one JSON object
_MOST_VALUES = 50_000  # of a body


def check_body(event: dict[str, Any]) -> None:
    """Refuse a body that no route accepts.

    Raises:
        BodyTooLarge: The body is larger than 1 MB.
        UnsupportedMediaType: The body is not declared as JSON.
        Invalid: The body is not valid JSON, or cannot be stored.
    """
    body = event.get("body")
    if not body:
        return
    raw = _raw(body, is_base64=bool(event.get("isBase64Encoded")))
    if len(raw) > _LARGEST_BODY:
        raise BodyTooLarge("body_too_large", "The body is larger than 1 MB.")
    media_type = header(event, "content-type").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("unsupported_media_type", "The body must be application/json.")
    try:
        text = raw.decode()
        content = json.loads(text, parse_constant=_refuse_constant)
        # JSON escapes can contain lone surrogates, which cannot be stored as UTF-8.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Invalid("body", "The body is not valid JSON.", code="malformed_json") from None
    _check_shape(content)
    event["body"], event["isBase64Encoded"] = text, False
    # Powertools compares the header as it is written; its case and parameters do not matter (RFC 9110, section 8.3).
    others = {name: value for name, value in event["headers"].items() if name.lower() != "content-type"}
    event["headers"] = {**others, "content-type": "application/json"}


def signed_in(event: dict[str, Any], keys: Keys) -> Claims:
    """Return the claims of the access token of a request.

    Raises:
        Unauthenticated: The request has no valid access token.
    """
    scheme, _, token = header(event, "authorization").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("not_authenticated", "Please sign in: send a bearer token.")
    return check(keys, Audience.ACCESS, token.strip())


def api_key_of(event: dict[str, Any]) -> str | None:
    """Return the API key of a request, even if it is malformed, or None."""
    scheme, _, token = header(event, "authorization").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(KEY_PREFIX) else None


def header(event: dict[str, Any], name: str) -> str:
    """Return a header of a request, or an empty text."""
    for key, value in (event.get("headers") or {}).items():
        if key.lower() == name:
            return str(value)
    return ""


def source_address(event: dict[str, Any]) -> str:
    """Return the source address of a request as seen by the gateway or the distribution, never from a header.

    The address that the distribution saw is in the same place of the event (:mod:`llmready.http.distribution`).
    IPv6 addresses are returned as their /64 network, because a customer usually has at least one.
    """
    seen = str(event.get("requestContext", {}).get("http", {}).get("sourceIp", "unknown"))
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return seen
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return seen


def source_network(event: dict[str, Any]) -> str:
    """Return the network that a request comes from: an IPv4 /24 or an IPv6 /64."""
    seen = source_address(event)
    if "/" in seen:
        return seen
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return seen
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(ipaddress.ip_network((mapped or address, 24), strict=False))


def _raw(body: str, *, is_base64: bool) -> bytes:
    if not is_base64:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise Invalid("body", "The body is not valid JSON.", code="malformed_json") from None


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _check_shape(content: object) -> None:
    """Refuse content that is too large for every route, before time is spent on the validation of each field.

    Raises:
        Invalid: The content is nested too deeply, or has too many fields or values.
    """
    depth, values, layer = 0, 0, [content]
    while layer:
        depth, values = depth + 1, values + len(layer)
        if depth > _DEEPEST:
            raise Invalid("body", "The body is nested too deeply.", code="malformed_json")
        if values > _MOST_VALUES:
            raise Invalid("body", f"The body has more than {_MOST_VALUES:,} values.")
        below: list[object] = []
        for node in layer:
            if isinstance(node, dict):
                if len(node) > _MOST_FIELDS:
                    raise Invalid("body", f"An object of the body has more than {_MOST_FIELDS} fields.")
                below += node.values()
            elif isinstance(node, list):
                below += node
        layer = below
