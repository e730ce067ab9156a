"""The page to browse the API with."""

from pathlib import Path

from aws_lambda_powertools.event_handler.openapi import swagger_ui
from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html

_ASSETS = Path(swagger_ui.__file__).parent


def docs_page(openapi: str) -> str:
    """Return Swagger UI for an OpenAPI text, all in one file.

    Args:
        openapi: The OpenAPI text, as JSON.
    """
    return generate_swagger_html(
        # The text stands in a script element, which the first "</" would end.
        openapi.replace("</", "<\\/"),
        (_ASSETS / "swagger-ui-bundle.min.js").read_text("utf-8"),
        (_ASSETS / "swagger-ui.min.css").read_text("utf-8"),
        "",
        None,
    ).replace("<title>Swagger UI</title>", "<title>LLMReady API</title>")
