"""What can go wrong, in the words of the service.

Each error carries a stable ``code`` for programs and a ``detail`` sentence for people. ``http/problems.py`` is
the one table that gives each kind its status.
"""

from typing import Any


class DomainError(Exception):
    """Base of everything that a use case refuses.

    Args:
        code: Stable word for a program, such as ``quota_exceeded``.
        detail: Plain sentence for a person.
        extra: Further members of the problem document, such as the id of what is in the way.
    """

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra


class Unauthenticated(DomainError):
    """Who is asking is not known."""


class Forbidden(DomainError):
    """The user may not do this, or has nothing left to do it with."""


class NotFound(DomainError):
    """It is not there, or it is somebody else's: a stranger cannot tell which."""


class Conflict(DomainError):
    """The state of things does not allow it now."""


class Gone(DomainError):
    """It was there once and has expired."""


class Invalid(DomainError):
    """A value is not acceptable.

    Args:
        field: The body field or parameter that is wrong.
    """

    def __init__(self, field: str, detail: str, code: str = "validation_error") -> None:
        super().__init__(code, detail, errors=[{"field": field, "message": detail}])


class TooManyRequests(DomainError):
    """A limit was reached.

    Args:
        retry_after: Whole seconds until another try can succeed.
    """

    def __init__(self, code: str, detail: str, *, retry_after: int) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class TryAgain(DomainError):
    """The service could not do it this time; the same request may succeed soon."""

    retry_after = 1

    def __init__(self, detail: str = "The service is busy. Please try again in a moment.") -> None:
        super().__init__("try_again", detail)


class Paused(DomainError):
    """An operator has paused the service; what runs goes on."""

    retry_after = 300

    def __init__(self) -> None:
        super().__init__("paused", "The operator has paused new generations. Please try again later.")


class LeaseLost(DomainError):
    """Another worker holds the generation, or it has ended; whoever gets this stops writing."""

    def __init__(self) -> None:
        super().__init__("lease_lost", "This worker no longer has the lease of the generation.")
