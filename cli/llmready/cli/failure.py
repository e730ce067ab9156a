"""How a command fails."""

from llmready.cli.exit_codes import ExitCode


class CommandFailed(Exception):
    """A command could not do what it was asked; the message is one plain sentence for a person.

    Args:
        message: The sentence.
        code: What the command exits with.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(message)
        self.code = code


def not_written(what: str, error: OSError) -> CommandFailed:
    """Return the failure to write a file, with the system's own reason."""
    return CommandFailed(f"{what} could not be written: {error.strerror or error}", ExitCode.NOT_WRITTEN)
