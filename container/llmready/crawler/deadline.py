"""Limit the processor time that reading one page may take.

Every function that reads text of a site should take linear time. This module limits the damage if one does not. In
the main thread, a signal interrupts the work, even within a regular expression. In another thread, an exception is
raised between two Python instructions. It cannot interrupt a running regular expression.

The work is a function without side effects, because it may be interrupted at any of its instructions. Its caller
stores the result.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from llmready.crawler.failures import Code, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SECONDS = 5.0
"""Processor time for which one step of reading a page may hold up the event loop."""

SECONDS_ASIDE = 15.0
"""Processor time of a step in a thread of its own, as long as the converter may take."""

_REPEAT_SECONDS = 1.0
"""Time after which the work is interrupted again. An exception within a destructor is lost, for example."""

_SHORTEST_SECONDS = 0.01
"""Least time between two looks at the processor time of the main thread."""

_LOOK_SECONDS = 0.5
"""Time between two looks at the processor time of another thread."""

T = TypeVar("T")


class _Interruption(BaseException):
    """Interrupts the work. It is no `Exception`, because the work must not handle it."""


def in_time(read: Callable[[], T], name: object) -> T:
    """Call a function that reads a page, and interrupt it after SECONDS.

    Signals arrive only in the main thread. In other threads, the function is called without a limit. Within
    the work of another call, the limit of that call applies.

    Args:
        read: A function without side effects.
        name: Name of the page, for the error message.

    Returns:
        The result of `read`.

    Raises:
        Failure: The time is over (page_too_slow).
    """
    if threading.current_thread() is not threading.main_thread() or _Alarm.is_set:
        return read()
    alarm = _Alarm(SECONDS)
    try:
        try:
            alarm.set()
            return read()
        finally:
            # If the alarm rings before this line, the outer blocks end it.
            _Alarm.is_set = False
    except _Interruption:
        raise _too_slow(name, SECONDS) from None
    finally:
        alarm.clear()


class _Alarm:
    """Interrupts the main thread after a processor time.

    The timer counts real time, so the handler rarely runs. The handler compares the processor time, so a busy
    machine does not let a page fail.
    """

    is_set = False

    def __init__(self, seconds: float) -> None:
        self._end = time.thread_time() + seconds
        self._seconds = seconds
        self._previous = signal.getsignal(signal.SIGALRM)
        self._has_rung = False

    def set(self) -> None:
        signal.signal(signal.SIGALRM, self._ring)
        _Alarm.is_set = True
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _REPEAT_SECONDS)

    def clear(self) -> None:
        _Alarm.is_set = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._previous)

    def _ring(self, _: int, frame: FrameType | None) -> None:
        """Interrupt the work, again if it continues, but not while `in_time` ends after the first time."""
        is_ending = self._has_rung and frame is not None and frame.f_code in _OWN_CODE
        if not _Alarm.is_set or is_ending:
            return
        left = self._end - time.thread_time()
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(left, _SHORTEST_SECONDS), _REPEAT_SECONDS)
            return
        self._has_rung = True
        raise _Interruption


_OWN_CODE = (in_time.__code__, _Alarm.clear.__code__)


async def in_time_aside(read: Callable[[], T], name: object) -> T:
    """Call a function that reads a large page in a thread. The crawl continues in the meantime.

    It is interrupted after SECONDS_ASIDE. It is also interrupted when the task is cancelled, because the
    process waits for its threads. Parameters, result and exceptions: as of `in_time`.
    """
    work = _Aside(read)
    working = asyncio.ensure_future(asyncio.to_thread(work.run))
    try:
        while not (await asyncio.wait((working,), timeout=_LOOK_SECONDS))[0]:
            if work.seconds() >= SECONDS_ASIDE:
                work.interrupt()
        return working.result()
    except _Interruption:
        raise _too_slow(name, SECONDS_ASIDE) from None
    finally:
        work.interrupt()
        working.cancel()


def within(work: Callable[[], T], seconds: float) -> T:
    """Call a function in this thread, and interrupt it after a time limit. Calls of C code are not interrupted.

    Parameters: `work`, without side effects. Returns: what `work` returns. Raises: TimeoutError.
    """
    aside = _Aside(work)
    timer = threading.Timer(seconds, aside.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return aside.run()
    except _Interruption:
        raise TimeoutError from None
    finally:
        timer.cancel()


class _Aside(Generic[T]):
    """Work that another thread can interrupt, once."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._began = 0.0
        self._is_interrupted = False

    def run(self) -> T:
        """Do the work in the thread that calls this. Raises: _Interruption."""
        thread = threading.get_ident()
        with self._lock:
            if self._is_interrupted:
                raise _Interruption
            self._began = _processor_seconds(thread)
            self._thread = thread
        try:
            return self._read()
        finally:
            with self._lock:
                self._thread = None
                # An interruption that has not been raised yet must not reach the next work of this thread.
                _raise_in(thread, None)

    def seconds(self) -> float:
        """Return the processor time that the work took until now; 0 when it does not run."""
        with self._lock:
            return _processor_seconds(self._thread) - self._began if self._thread is not None else 0.0

    def interrupt(self) -> None:
        """Interrupt the work if it runs, or prevent its start."""
        with self._lock:
            if self._thread is not None and not self._is_interrupted:
                _raise_in(self._thread, _Interruption)
            self._is_interrupted = True


def _processor_seconds(thread: int) -> float:
    """Return the processor time of a running thread, or the real time on systems without this figure (macOS)."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic()
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _raise_in(thread: int, exception: type[BaseException] | None) -> None:
    """Raise an exception in a thread at its next instruction; None takes back one that was not raised yet."""
    raised = ctypes.py_object(exception) if exception is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


def _too_slow(name: object, seconds: float) -> Failure:
    return Failure(
        Code.PAGE_TOO_SLOW, f"{name} takes more than {seconds:g} seconds of processor time to read."
    )
