"""The page that explains a problem, with its code, its status, and the API calls that return it."""

import html
import json
from string import Template
from typing import Any

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$code · LLMReady</title>
</head>
<body>
<main>
<h1>$title: <code>$code</code></h1>
<p>HTTP status $status. For example: “$detail”</p>
<p>Programs should react to <code>code</code>; <code>detail</code> is a sentence for people. With the
<code>request_id</code> of the answer, the operator can find the request in the logs.</p>
<h2>API calls that can return this problem</h2>
<ul>
$calls
</ul>
</main>
</body>
</html>
""")

# Problems that no operation of the OpenAPI document lists.
_ELSEWHERE = {
    "not_found": {"title": "Not found", "status": 404, "detail": "This path does not exist."},
    "direct_call": {
        "title": "Not allowed",
        "status": 403,
        "detail": "Direct calls are not allowed. Send the request to the address of the web app.",
    },
    "method_not_allowed": {
        "title": "Method not allowed",
        "status": 405,
        "detail": "This path does not accept this method.",
    },
}


def problem_page(code: str, openapi: str) -> str | None:
    """Return the page of a problem, or None if no call returns this code.

    Args:
        code: Code of the problem.
        openapi: The OpenAPI text as JSON, which has an example of each problem.
    """
    example, calls = _ELSEWHERE.get(code), []
    for path, operations in json.loads(openapi)["paths"].items():
        for method, operation in operations.items():
            found = _example(operation, code)
            if found is not None:
                example = found
                calls.append(f"<li><code>{method.upper()} {html.escape(path)}</code></li>")
    if example is None:
        return None
    shown = {name: html.escape(str(example[name])) for name in ("title", "status", "detail")}
    return _PAGE.substitute(shown, code=html.escape(code), calls="\n".join(calls) or "<li>any</li>")


def _example(operation: dict[str, Any], code: str) -> dict[str, Any] | None:
    for response in operation["responses"].values():
        examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
        if code in examples:
            return dict(examples[code]["value"])
    return None
