"""Errors of the domain.

Each error has a stable ``code`` for programs and a ``detail`` sentence for people. The table in ``http/problems.py``
maps each class to an HTTP status.
"""

from typing import Any


class DomainError(Exception):
    """Base class of the errors that use cases raise.

    Args:
        code: Stable word for a program, such as ``quota_exceeded``.
        detail: Plain sentence for a person.
        extra: Additional members of the problem document, such as the ID of the conflicting object.
    """

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra


class Unauthenticated(DomainError):
    """The request has no valid credentials."""


class Forbidden(DomainError):
    """The user has no permission for this, or no quota left."""


class NotFound(DomainError):
    """The object does not exist, or it belongs to another user. The answer does not distinguish these cases."""


class Conflict(DomainError):
    """The current state does not allow the operation."""


class Gone(DomainError):
    """The object existed, but has expired."""


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
    """A temporary failure. The same request may succeed soon."""

    retry_after = 1

    def __init__(self, detail: str = "The service is busy. Please try again in a moment.") -> None:
        super().__init__("try_again", detail)


class Paused(DomainError):
    """An operator has paused new starts; running generations continue."""

    retry_after = 300

    def __init__(self) -> None:
        super().__init__("paused", "The operator has paused new generations. Please try again later.")


class LeaseLost(DomainError):
    """Another worker has leased the generation, or it has ended. The caller must stop writing."""

    def __init__(self) -> None:
        super().__init__("lease_lost", "This worker no longer has the lease of the generation.")
