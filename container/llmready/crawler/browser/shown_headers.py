"""The headers with which the browser gets a page that was fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response

# Added to the policy of the site's own response; the stricter one applies. Frames, pictures, plugins and workers are
# never requested; the sandbox allows no dialogs, popups and downloads.
POLICY = (
    "sandbox allow-scripts allow-same-origin allow-forms; img-src 'none'; media-src 'none'; font-src 'none'; "
    "frame-src 'none'; object-src 'none'; worker-src 'none'; manifest-src 'none'"
)
_PASSED_ON = frozenset({"content-type", "content-security-policy", "referrer-policy", "content-language"})


def shown_headers(response: Response) -> list[dict[str, str]]:
    """Return the headers that affect how a page is shown, with a Content-Security-Policy that blocks images."""
    kept = [
        {"name": name, "value": value}
        for name, value in response.headers.items()
        if name.lower() in _PASSED_ON
    ]
    return [*kept, {"name": "Content-Security-Policy", "value": POLICY}]
