"""The exit codes of ``llmready``; ``docs/cli.md`` explains them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_ALLOWED = 4
    NOT_FOUND = 5
    GENERATION_FAILED = 6
    UNREACHABLE = 7
    TOO_MANY_REQUESTS = 8
    NOT_WRITTEN = 9
    CHANGED = 10
    DAMAGED = 11
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143
