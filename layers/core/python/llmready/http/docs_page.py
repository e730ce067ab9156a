"""The documentation page of the API: a small page, and the files of Swagger UI that it loads."""

from functools import cache
from pathlib import Path
from string import Template

from aws_lambda_powertools.event_handler import openapi as powertools

from llmready.http.static_content import StaticContent

# Only the path is computed here: importing the files as modules would cost time at every cold start.
_ASSETS = Path(powertools.__file__).parent / "swagger_ui"
_FOR_EVER = "public, max-age=31536000, immutable"
_START = Template("""
  SwaggerUIBundle({
    url: "$openapi",
    dom_id: "#page",
    deepLinking: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // Otherwise Swagger UI sends the text to a service of its own.
    validatorUrl: null,
  });
""")
_OWN_STYLE = "body { margin: 0; } .swagger-ui .scheme-container { position: static; }"
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LLMReady API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="$style">
</head>
<body>
<main id="page"><p>This page needs JavaScript; <a href="$openapi">openapi.json</a> contains the same
information.</p></main>
<script src="$program"></script>
<script src="$start"></script>
</body>
</html>
""")
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


@cache
def docs_page(prefix: str) -> StaticContent:
    """Return the page.

    Args:
        prefix: Path of the API. The files of the page are below ``/docs`` of this path, and the OpenAPI document is
            beside it.
    """
    page = _PAGE.substitute(
        openapi=f"{prefix}/openapi.json",
        **{part: f"{prefix}/docs/{name}" for part, name in _names(prefix).items()},
    )
    return StaticContent(page, "text/html; charset=utf-8")


def docs_part(prefix: str, name: str) -> StaticContent | None:
    """Return the part of the page with this file name, or None."""
    for part, known in _names(prefix).items():
        if known == name:
            return _part(prefix, part)
    return None


@cache
def _names(prefix: str) -> dict[str, str]:
    """Return the file names of the parts.

    A name contains a hash, so that clients can cache each file without limit.
    """
    ends = {"program": "js", "start": "js", "style": "css"}
    return {part: f"{part}-{_part(prefix, part).digest}.{end}" for part, end in ends.items()}


@cache
def _part(prefix: str, part: str) -> StaticContent:
    if part == "style":
        style = (_ASSETS / "swagger-ui.min.css").read_text("utf-8") + _OWN_STYLE
        return StaticContent(style, "text/css; charset=utf-8", _FOR_EVER)
    program = (
        (_ASSETS / "swagger-ui-bundle.min.js").read_text("utf-8")
        if part == "program"
        else _START.substitute(openapi=f"{prefix}/openapi.json")
    )
    return StaticContent(program, "text/javascript; charset=utf-8", _FOR_EVER)
