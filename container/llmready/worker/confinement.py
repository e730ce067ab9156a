"""Isolate crawlers from the worker's credentials, memory and permissions, and limit their resources.

A hostile page may take over a crawler. The environment of the crawler contains no secrets. The crawler cannot
read the memory of the worker. In the container, it runs as another user without capabilities.
"""

import ctypes
import os
import pwd
import resource
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmready.observability import logger
from llmready.settings import Settings
from llmready.worker.system_calls import refuse_calls

# Numbers of prctl(2) and capabilities(7).
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAP_SETGID = 6
_CAP_SETUID = 7

_OPEN_FILES = 4096
# Processes and threads of one user. Python and Node need about 40, Chromium some 200 more.
_PROCESSES = 512
_FILE_BYTES = 1 << 30
# Not RLIMIT_AS (address space), because Node reserves far more of it than it uses.
_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, _OPEN_FILES),
    (resource.RLIMIT_FSIZE, _FILE_BYTES),
)

# Every process that knows the path of the container's credentials can fetch them.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
)
_PASSED_ON = ("LANG", "PYTHONPATH", "LLMREADY_CHROMIUM")
_USERS_VARIABLE = "LLMREADY_CRAWLER_USERS"


def confine_worker(*, limit_processes: bool = False) -> None:
    """Protect this process from its crawlers, and limit the privileges and resources of it and its children.

    The container's entry point gave this process ambient capabilities. Child processes that execute a program
    lose them.

    Args:
        limit_processes: Limit the processes of a user. Only for crawlers with separate users, because a developer's
            user may run more processes than that.
    """
    limits = (*_LIMITS, (resource.RLIMIT_NPROC, _PROCESSES)) if limit_processes else _LIMITS
    for kind, wanted in limits:
        hard = resource.getrlimit(kind)[1]
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (allowed, allowed))
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    refuse_calls()


def forget_credentials() -> None:
    """Remove the credentials from the environment after the AWS clients have read them."""
    for name in _CREDENTIALS:
        os.environ.pop(name, None)


class Confinement:
    """How crawlers are started.

    Args:
        user: The Unix account of the crawlers; None for this process's own.
        crawl_allow: ``host:port`` pairs that may be crawled although they are not public.
    """

    def __init__(self, *, user: pwd.struct_passwd | None = None, crawl_allow: str = "") -> None:
        self._user = user
        self._crawl_allow = crawl_allow
        self._setpriv = shutil.which("setpriv") if sys.platform == "linux" else None

    @property
    def has_own_user(self) -> bool:
        """Whether crawlers run under another user than this process."""
        return self._user is not None

    @property
    def uid(self) -> int:
        """ID of the user that crawlers run under."""
        return os.geteuid() if self._user is None else self._user.pw_uid

    def prefix(self) -> list[str]:
        """Return the command prefix that makes the kernel end the crawler when this process ends."""
        return [self._setpriv, "--pdeathsig", "KILL", "--"] if self._setpriv else []

    def process_options(self, home: Path) -> dict[str, Any]:
        """Return the options of :class:`subprocess.Popen`: environment, session, user.

        Args:
            home: The folder that the child works in.
        """
        options: dict[str, Any] = {
            "cwd": home,
            "env": self._environment(os.environ, home),
            "start_new_session": True,
        }
        if self._user is not None:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return options

    def make_folder(self, parent: Path) -> Path:
        """Create the working folder of a child, which its user can write and no other crawler can read.

        This process accesses it through the folder's group, so it must be a member of the group, or root.
        """
        home = parent / "crawl"
        home.mkdir(mode=0o700)
        if self._user is not None:
            for folder, mode in ((parent, 0o710), (home, 0o770)):
                os.chown(folder, -1, self._user.pw_gid)
                folder.chmod(mode)
        return home

    def _environment(self, own: Mapping[str, str], home: Path) -> dict[str, str]:
        # Programs in this Python's folder (Node on a developer's machine) are preferred to those of the machine.
        path = os.pathsep.join((str(Path(sys.executable).parent), own.get("PATH", os.defpath)))
        passed = {name: own[name] for name in _PASSED_ON if name in own}
        allowed = {"LLMREADY_CRAWL_ALLOW": self._crawl_allow} if self._crawl_allow else {}
        return {"LANG": "C.UTF-8", **passed, **allowed, "PATH": path, "HOME": str(home), "TMPDIR": str(home)}


def have_own_users() -> bool:
    """Return whether crawlers run under separate users here."""
    return bool(_crawler_users(os.environ.get(_USERS_VARIABLE, "")))


def confinements_for(settings: Settings) -> list[Confinement]:
    """Return one confinement for each crawler that may run at the same time, each with a separate user.

    With a separate user, a crawler can be ended with all its processes, and crawlers cannot reach each other. If
    separate users are not available, a log line reports it.
    """
    crawl_allow = ",".join(sorted(settings.allowed_hosts))
    users = _crawler_users(os.environ.get(_USERS_VARIABLE, ""))
    if not users:
        logger.warning("crawlers run as the worker's Unix user, because the worker is not root")
        return [Confinement(crawl_allow=crawl_allow) for _ in range(settings.crawlers_per_task)]
    return [Confinement(user=user, crawl_allow=crawl_allow) for user in users[: settings.crawlers_per_task]]


def _crawler_users(names: str) -> list[pwd.struct_passwd]:
    """Return the existing accounts among comma-separated names, or none if this process may not change its user."""
    if not names or not _may_change_user():
        return []
    known = {user.pw_name: user for user in pwd.getpwall()}
    return [known[name] for name in names.split(",") if name in known]


def _may_change_user() -> bool:
    if sys.platform != "linux":
        return False
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            return all(effective >> capability & 1 for capability in (_CAP_SETUID, _CAP_SETGID))
    return False
