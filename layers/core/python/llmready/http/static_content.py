"""Content that is the same for all users: compressed once, and cached by clients."""

import base64
import gzip
import hashlib
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import Response

from llmready.http.gate import header


class StaticContent(NamedTuple):
    """A text that does not change while a process runs.

    Attributes:
        text: The text.
        content_type: Its media type.
        cache_control: How long clients may keep it.
    """

    text: str
    content_type: str
    cache_control: str = "public, max-age=300"

    @property
    def digest(self) -> str:
        """Hash of the text, for ETag."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def answer(self, event: dict[str, Any], headers: dict[str, str] | None = None) -> Response[str | None]:
        """Return the answer to a request.

        It is compressed if the client accepts this, and empty if the client has the text already.

        Args:
            event: The request.
            headers: Further headers of the answer.
        """
        tag = f'"{self.digest}"'
        sent: dict[str, str | list[str]] = {
            **(headers or {}),
            "ETag": tag,
            "Cache-Control": self.cache_control,
            "Vary": "Accept-Encoding",
        }
        if tag in [known.strip().removeprefix("W/") for known in header(event, "if-none-match").split(",")]:
            return Response(304, headers=sent)
        if not _accepts_gzip(header(event, "accept-encoding")):
            return Response(200, content_type=self.content_type, body=self.text, headers=sent)
        sent["Content-Encoding"] = "gzip"
        packed: Response[str | None] = Response(
            200, content_type=self.content_type, body=_compressed(self.text), headers=sent
        )
        packed.base64_encoded = True
        return packed


@cache
def _compressed(text: str) -> str:
    """Return a text compressed and in base64, the form in which API Gateway accepts binary content."""
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()


def _accepts_gzip(accepted: str) -> bool:
    """Return whether a value of ``Accept-Encoding`` (RFC 9110, section 12.5.3) allows gzip."""
    for entry in accepted.split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
