"""The page to browse the API with."""

from functools import cache
from pathlib import Path
from string import Template

from aws_lambda_powertools.event_handler import openapi as powertools

from llmready.http.pages import source_hash

# The folder alone: what lies in it as code would be imported at every cold start.
_ASSETS = Path(powertools.__file__).parent / "swagger_ui"
_START = """
  SwaggerUIBundle({
    spec: JSON.parse(document.querySelector("#openapi").textContent),
    dom_id: "#page",
    deepLinking: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // Otherwise Swagger UI shows the text to a service of its own.
    validatorUrl: null,
  });
"""
_OWN_STYLE = "body { margin: 0; } .swagger-ui .scheme-container { position: static; }"
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LLMReady API</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
<main id="page"><p>This page needs JavaScript; <a href="openapi.json">openapi.json</a> says the same.</p></main>
<script type="application/json" id="openapi">$openapi</script>
<script>$program</script>
<script>$start</script>
</body>
</html>
""")


@cache
def docs_page(openapi: str) -> tuple[str, dict[str, str]]:
    """Return Swagger UI for an OpenAPI text, all in one file, and the headers that keep it from loading anything.

    Args:
        openapi: The OpenAPI text, as JSON.
    """
    program = (_ASSETS / "swagger-ui-bundle.min.js").read_text("utf-8")
    style = (_ASSETS / "swagger-ui.min.css").read_text("utf-8") + _OWN_STYLE
    html = _PAGE.substitute(
        # In JSON a "<" stands only in strings; in a script element it could end or open something.
        openapi=openapi.replace("<", "\\u003c"),
        program=program,
        start=_START,
        style=style,
    )
    policy = (
        f"default-src 'none'; script-src '{source_hash(program)}' '{source_hash(_START)}'; "
        f"style-src '{source_hash(style)}'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
