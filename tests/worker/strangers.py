"""Small programs in place of crawlers, run as another Unix user."""

import os
import pwd
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmready.worker.confinement import Confinement
from llmready.worker.crawl_process import Limits
from llmready.worker.crawler_user import UserProcesses
from llmready.worker.supervisor import REMOVER, Supervisor
from llmready.worker.task_resources import TaskResources
from testkit import needs
from tests.worker.programs import crawler

# The user `nobody` is not used, because all processes of this user are killed, and services of the machine may run as
# `nobody`. Test processes that run at the same time have a user each.
UID = 54321 + 10 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
STRANGER = pwd.struct_passwd(("crawler", "x", UID, UID, "", "/", "/bin/false"))
# Starts a process that belongs to no family: it has left the crawler's session and its parent has ended.
ESCAPE = """
def escape(what):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(3):
                os.close(descriptor)
            what()
        os._exit(0)
    os.wait()
"""


def living() -> list[int]:
    """Return the processes of the other user."""
    return [process.pid for process in UserProcesses(UID, seconds=0).living()]


@contextmanager
def open_folder() -> Iterator[Path]:
    """Create a folder that the other user may enter, and kill all of this user's processes afterwards."""
    needs.root()
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        UserProcesses(UID, seconds=10).kill()
        shutil.rmtree(folder)


def supervisor(
    folder: Path, body: str, *, resources: TaskResources | None = None, **limits: Any
) -> Supervisor:
    """Return the supervisor of a program that runs ``body`` as the other user."""
    # The other user may have no access to this Python and this repository.
    python = str(needs.package("python3-minimal", Path("/usr/bin/python3")))
    remover = str(shutil.copy(REMOVER[-1], folder))
    Path(remover).chmod(0o644)
    _, option, program = crawler(ESCAPE + textwrap.dedent(body))
    return Supervisor(
        Confinement(user=STRANGER),
        limits=Limits(**{"memory": 300 << 20, "interval": 0.1, "silence": 10, "stopping": 1, **limits}),
        command=[python, "-I", option, program],
        remover=[python, "-I", "-S", remover],
        resources=resources,
    )
