"""Call functions that read or write a stream, without blocking the event loop or the end of the program."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class StreamThread:
    """Calls functions in a daemon thread, one after the other. Create it in a running event loop.

    With `asyncio.to_thread`, a program that ends would wait for the calls of its threads. A read from a terminal and
    a write to a full pipe may never return.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def call(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Call a function in the thread. Returns: its future result, or the exception that it raises."""
        result: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((result, function))
        return result

    def close(self) -> None:
        """End the thread after the current call, without waiting for it."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            try:
                complete, result = future.set_result, function()
            except Exception as error:  # noqa: BLE001 - the caller handles it
                complete, result = future.set_exception, error
            # The loop may be closed already.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_unless_cancelled, future, complete, result)


def _unless_cancelled(future: asyncio.Future[Any], complete: Callable[[Any], None], result: object) -> None:
    if not future.done():
        complete(result)
