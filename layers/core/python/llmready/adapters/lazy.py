"""Objects that are created when they are first used."""

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")


def lazy(create: Callable[[], T]) -> T:
    """Return a proxy for an object that is created when one of its attributes is first read.

    :class:`llmready.services.Services` contains all AWS clients and providers, but a function creates only those that
    it calls. Several threads may use the proxy at once.

    Args:
        create: Creates the object; called once.
    """
    return cast("T", _Lazy(create))


class _Lazy:
    def __init__(self, create: Callable[[], Any]) -> None:
        self._create = create
        self._created: Any = None
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        if self._created is None:
            with self._lock:
                if self._created is None:
                    self._created = self._create()
        return getattr(self._created, name)
