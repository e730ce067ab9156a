"""Failures of commands."""

from typing import Any

from llmready.cli.exit_codes import ExitCode


class CommandFailed(Exception):
    """A command failed. The message is one plain sentence for a person.

    Args:
        message: The sentence: what happened and what to do.
        code: The exit code.
        problem: The problem document of the API (RFC 9457), if it refused a request.
    """

    def __init__(
        self, message: str, code: ExitCode = ExitCode.REFUSED, *, problem: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.problem = problem


def not_written(what: str, error: OSError) -> CommandFailed:
    """Return the failure to write a file, with the reason of the operating system."""
    return CommandFailed(f"{what} could not be written: {error.strerror or error}", ExitCode.NOT_WRITTEN)
