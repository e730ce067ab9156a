"""Small programs that behave like correct or faulty crawlers."""

import sys
import textwrap

_PRELUDE = """
import hashlib, io, json, os, pathlib, signal, stat, subprocess, sys, time, zipfile

url, options = sys.argv[1], dict(part.lstrip("-").partition("=")[::2] for part in sys.argv[2:])
archive = pathlib.Path(options["out"] + ".zip")

def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)

def progress(crawled, total, failed=0):
    say("progress", pages_crawled=crawled, total_pages=total, pages_failed=failed)

def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items() or {"llms.txt": "# A site"}.items():
            packed.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()

def completed(content=zipped(), **fields):
    if content is not None:
        archive.write_bytes(content)
    told = {"out": options["out"], "archive": str(archive), "pages_crawled": 3, "pages_failed": 1,
            "total_files": 7, "file_size": len(content or b""), "content_bytes": 99, "site_name": "A site",
            "quality": {"score": 95, "reasons": [{"code": "not_https", "detail": "Not secure.", "points": 5,
                                                 "pages": ["http://a.example/"], "remedy": "Serve https."}]},
            "sha256": hashlib.sha256(content or b"").hexdigest()}
    say("completed", **{**told, **fields})

def failed(code, transient, detail="It did not work."):
    say("failed", code=code, detail=detail, transient=transient)

say("started", url=url)
"""


def crawler(body: str) -> list[str]:
    """Return the command of a program that reports its start and then runs ``body``."""
    return [sys.executable, "-c", _PRELUDE + textwrap.dedent(body)]
