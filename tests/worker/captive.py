"""A small worker for tests of confinement: has credentials, serves them as ECS and EC2 do, and starts crawlers.

    python -m tests.worker.captive FOLDER UID HOSTILE PYTHON

It runs as root in a separate network namespace whose loopback interface has the two metadata addresses. It prints
what a hostile program found as the other user, and how a real crawler treated the addresses.
"""

import asyncio
import json
import os
import pwd
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from llmready.domain.generation import Failure
from llmready.domain.website import CrawlSettings
from llmready.worker.confinement import Confinement, confine_worker, forget_credentials
from llmready.worker.crawl_order import CrawlFailed, CrawlOrder
from llmready.worker.crawl_process import Limits
from llmready.worker.supervisor import CRAWLER, Supervisor

ADDRESSES = ("169.254.170.2", "169.254.169.254")
SECRET = "AQoEXAMPLEsecret"
MEMORY = 1 << 30


def serve(log: list[str]) -> None:
    """Serve credentials to every client that knows the path."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == PATH or self.path.startswith("/latest/")
            log.append(f"{self.headers['Host']}{self.path}")
            body = json.dumps({"Token": SECRET} if known else {"message": "no such id"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for address in ADDRESSES:
        server = ThreadingHTTPServer((address, 80), Answer)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()


async def crawled(url: str, folder: Path, user: pwd.struct_passwd | None, command: Sequence[str]) -> Failure:
    supervisor = Supervisor(Confinement(user=user), limits=Limits(memory=MEMORY), command=command)
    order = CrawlOrder(url, CrawlSettings(), 30)
    outcome = await supervisor.crawl(order, folder, report=lambda _: None, stop=asyncio.Event())
    assert isinstance(outcome, CrawlFailed)
    return outcome.failure


async def main(folder: Path, uid: int, hostile: str, python: str) -> None:
    log: list[str] = []
    serve(log)
    confine_worker()
    forget_credentials()
    held = (folder / "held").open("w+")
    held.write(SECRET)
    held.flush()
    (folder / "held").chmod(0o600)
    stranger = pwd.struct_passwd(("crawler", "x", uid, uid, "", "/", "/bin/false"))
    await crawled("https://example.com/", folder / "hostile", stranger, [python, "-I", "-S", hostile])
    found = json.loads((folder / "hostile" / "crawl" / "found.json").read_text())
    tried = list(log)
    log.clear()
    refused = [
        (await crawled(url, folder / f"real{number}", None, CRAWLER)).code
        for number, url in enumerate(
            (
                f"http://169.254.170.2{PATH}",
                "http://169.254.169.254/latest/meta-data/",
                "http://[fd00:ec2::254]/",
            )
        )
    ]
    sys.stdout.write(json.dumps({"found": found, "tried": tried, "refused": refused, "asked": log}))


if __name__ == "__main__":
    PATH = os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    for name in ("hostile", "real0", "real1", "real2"):
        Path(sys.argv[1], name).mkdir()
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
