"""`llmready convert`: one page or many, without any service."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

LEAD = "Baking at home takes a day, of which the baker works for less than half an hour."
PAGE = (
    f"<title>Bread</title><meta name=description content='How to bake.'><main><h1>Bread</h1><p>{LEAD}</p>"
    "<p><a href=../rye.html>Rye</a></p></main>"
)


def _run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "llmready.cli.main", "convert", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


def _lines(*pages: dict[str, object]) -> bytes:
    return "".join(json.dumps(page) + "\n" for page in pages).encode()


def test_convert_writes_the_markdown_of_standard_input() -> None:
    done = _run("--url", "https://example.com/a/bread.html", stdin=PAGE.encode())
    assert done.returncode == 0
    assert done.stdout.decode() == f"# Bread\n\n{LEAD}\n\n[Rye](https://example.com/rye.html)\n"


def test_convert_reads_a_file_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "bread.html"
    file.write_text(PAGE)
    done = _run(str(file), "--url", "https://example.com/a/bread.html", "--json")
    page = json.loads(done.stdout)
    assert page["title"] == "Bread"
    assert page["description"] == "How to bake."
    assert page["page_type"] in {
        "article",
        "documentation",
        "forum",
        "product",
        "collection",
        "listing",
        "service",
    }


def test_convert_keeps_the_order_of_lines_and_goes_on_after_a_bad_page() -> None:
    cyrillic = "<main><p>Хлеб пекут целый день, но работы в нём меньше получаса.</p></main>"
    pages: list[dict[str, object]] = [
        {
            "id": number,
            "url": f"https://example.com/{number}",
            "html": PAGE.replace("Bread", f"Bread {number}"),
        }
        for number in range(20)
    ]
    pages[3] = {"id": 3, "url": "https://example.com/3", "html": "<main></main>"}
    pages[4] = {
        "id": 4,
        "url": "https://example.com/4",
        "body_base64": base64.b64encode(cyrillic.encode("windows-1251")).decode(),
        "content_type": "text/html; charset=windows-1251",
    }
    pages[5] = {"id": 5, "url": "not an address", "html": PAGE}
    done = _run("--jsonl", stdin=_lines(*pages))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(20))
    assert answers[19]["title"] == "Bread 19"
    assert answers[4]["markdown"].startswith("Хлеб пекут")
    assert [answer["id"] for answer in answers if answer["markdown"] == ""] == [3, 5]
    assert done.returncode == 1
    assert "error" in answers[3]


def test_convert_without_an_address_says_how_to_name_it() -> None:
    done = _run(stdin=PAGE.encode())
    assert done.returncode == 2
    assert b"--url" in done.stderr
