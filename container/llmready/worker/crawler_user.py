"""Kill every process of a crawler's Unix user, so that no process of one crawl can affect the next crawl.

A page that takes over its crawler can start hostile processes. They can leave the crawler's family, ignore
signals, kill other processes of their user, or fork without end. The worker therefore ends them from outside
of that user:

1. One ``kill(-1, SIGKILL)``. The kernel delivers it to all processes of the user at once, also to new ones,
   so a fork bomb cannot escape. The sender has only its effective user in common with the crawler. Its real
   and saved user differ, so the processes of the crawler cannot send signals to it.
2. A search in ``/proc``. Remaining processes are killed one by one, with the worker's CAP_KILL.

Both are repeated until no process is left or the time is over.
"""

import contextlib
import ctypes
import os
import select
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from llmready.observability import logger
from llmready.worker.processes import Process, living, process_ids

SENDER = 10002
"""ID of the user that sends the signal. No other process may run under it; the Dockerfile reserves it."""

_EVERY_PROCESS = -1
_PAUSE = 0.01  # seconds between two searches
# capset(2): the header names version 3 and this process; the data are three empty sets of two words each.
_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()


class UserProcesses:
    """All processes of a crawler's user, whatever their parents and sessions are.

    Args:
        uid: ID of the user.
        seconds: How long ending them may take.
    """

    def __init__(self, uid: int, *, seconds: float) -> None:
        self._uid = uid
        self._seconds = seconds

    def living(self) -> list[Process]:
        """See :class:`llmready.worker.processes.CrawlProcesses`."""
        return [
            process
            for pid in process_ids()
            if _belongs_to(pid, self._uid) and (process := living(pid)) is not None
        ]

    def kill(self) -> bool:
        """Kill all processes of the user, and verify that none is left.

        Returns:
            Whether none is left. On False, the user must not be used again.
        """
        until = monotonic() + self._seconds
        while True:
            sent = self._kill_at_once(until)
            left = self.living()
            if sent and not left:
                return True
            if monotonic() >= until:
                logger.error(
                    "processes of a crawler's user could not be killed", uid=self._uid, left=len(left)
                )
                return False
            for process in left:
                self._kill(process.pid)
            sleep(_PAUSE)

    def _kill(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(pid)
            try:
                # The process ID may have been reused before this check, but not after it.
                if _belongs_to(pid, self._uid):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)

    def _kill_at_once(self, until: float) -> bool:
        """Kill all processes of the user with one call, and return whether that was done before ``until``."""
        capset = ctypes.CDLL(None).capset
        with warnings.catch_warnings():
            # Python warns because other threads may hold locks. The child needs no lock, and is killed if it hangs.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                child = os.fork()
            except OSError:
                logger.warning("the process that kills a crawler could not be started", uid=self._uid)
                return False
        if child == 0:
            _send_and_exit(self._uid, capset)
        return _exit_status(child, until) == 0


def _belongs_to(pid: int, uid: int) -> bool:
    """Return whether a process has a user as its real, effective, saved or file system user (proc_pid_status(5))."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return False
    _, _, users = status.partition("\nUid:")
    return str(uid) in users.partition("\n")[0].split()


def _send_and_exit(uid: int, capset: Callable[..., int]) -> None:
    """Send the signal, in a process that was forked for that, and end this process."""
    status = 1
    try:
        os.setresuid(SENDER, uid, SENDER)
        # With CAP_KILL the signal would reach every process of the container.
        if capset(_CAPABILITY_HEADER, _NO_CAPABILITIES) == 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(_EVERY_PROCESS, signal.SIGKILL)
            status = 0
    finally:
        os._exit(status)


def _exit_status(child: int, until: float) -> int:
    """Return the exit status of a child of this process, which is killed when the time is over."""
    descriptor = os.pidfd_open(child)
    try:
        if not select.select([descriptor], [], [], max(0.0, until - monotonic()))[0]:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
