"""Compose examples of bodies from the examples of their fields."""

from typing import Any

from llmready.version import __version__

_BY_FORMAT = {
    "date-time": "2026-11-24T09:30:00.000Z",
    "email": "ada@example.com",
    "uri": "https://example.com",
    "uuid": "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f",
}
_BY_NAME: dict[str, Any] = {
    "id": "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f",
    "website_id": "01a20dd0-d148-77e9-a1a8-d33d5c29cb6f",
    "generation_id": "01a20dd1-0f2a-7c11-8a55-7f1c0f0e2b9d",
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiIwMWEyIn0.c2lnbmF0dXJl",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiIwMWEyIn0.c2lnbmF0dXJl",
    "token": "AaIN0NFId-mhqNM9XCnLbwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "message": "Done.",
    "name": "My site",
    "version": __version__,
    "download_url": "https://bucket.s3.eu-central-1.amazonaws.com/generations/…?X-Amz-Signature=…",
    "website_name": "My site",
    "website_url": "https://example.com",
    "next_cursor": None,
    "error_code": None,
    "error_message": None,
    "captcha_token": None,
}


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """Return an example of a value that a schema describes.

    Args:
        schema: A JSON schema, which may refer to others.
        schemas: The schemas that it refers to, by name.
        name: Name of the field that it describes.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    given = [schema[word] for word in ("example", "const", "default") if schema.get(word) is not None]
    given += schema.get("examples", []) + ([_BY_NAME[name]] if name in _BY_NAME else [])
    given += schema.get("enum", [])
    if given:
        return given[0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            choices = [choice for choice in schema[several] if choice.get("type") != "null"]
            return example_of(choices[0], schemas, name)
    return _of_type(schema, schemas, name)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {
                field: example_of(content, schemas, field)
                for field, content in fields.items()
                if content.get("type") != "null"
            }
        case "array":
            return [example_of(schema["items"], schemas)] if schema.get("items") else []
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return 12.5
        case "boolean":
            return True
    return _BY_FORMAT.get(schema.get("format", ""), name.replace("_", " ") or "text")
