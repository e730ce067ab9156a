"""Files of the web app and their response headers, on AWS and on this machine."""

from __future__ import annotations

from infra.paths import ROOT

# The output folder of `npm run build`.
DIST = ROOT / "web" / "dist"
# The HTML page of all screens.
INDEX = "index.html"
# The answer to requests for / that do not come from a browser.
LINKS = {"docs": "/api/v1/docs", "openapi": "/api/v1/openapi.json", "health": "/api/v1/health"}

# Requests to these paths go to the HTTP API, all others to the files.
API_PREFIXES = ("/api/", "/v1/")

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_POLICY)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# Names of files under assets/ contain a hash of their content.
IMMUTABLE = "public, max-age=31536000, immutable"
# The page is revalidated at each visit, so that a deploy takes effect at once.
REVALIDATED = "no-cache"


def is_api(path: str) -> bool:
    """Return whether a request path belongs to the HTTP API."""
    return path.startswith(API_PREFIXES)


def cache_control(path: str) -> str:
    """Return the `Cache-Control` value of a file of the web app.

    Args:
        path: path below the root of the web app, without a leading slash.
    """
    return IMMUTABLE if path.startswith("assets/") else REVALIDATED
