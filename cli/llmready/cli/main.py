"""Generate llms.txt and Markdown files of websites with a service or on this machine, or operate a service."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Never

from llmready.cli.exit_codes import ExitCode
from llmready.cli.extras import requiring
from llmready.cli.failure import CommandFailed, not_written
from llmready.crawler import cli as crawl
from llmready.crawler import convert_cli as convert
from llmready.version import __version__

if TYPE_CHECKING:
    from llmready.cli.client.commands import Add


_LOCAL = ("crawl", "convert")
"""Commands that need no service."""


class _Terminated(BaseException):
    """The process received SIGTERM."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code, an :class:`llmready.cli.exit_codes.ExitCode`."""
    signal.signal(signal.SIGTERM, _terminate)
    options = argparse.Namespace()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        build_parser(given[0] if given else "").parse_args(given, namespace=options)
        code = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return ExitCode.PIPE_CLOSED
    except (CommandFailed, KeyboardInterrupt, EOFError, _Terminated, OSError) as error:
        failure = _failure(error)
        print(f"llmready: {failure}", file=sys.stderr)
        if getattr(options, "json", False) and failure.problem is not None:
            _print_problem(failure.problem)
        return failure.code
    return code


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """Return the parser of all commands, or only of those that need no service.

    Args:
        command: The command that is run. `crawl` and `convert` are parsed without the others, whose modules take
            longer to import than a small site to crawl.
    """
    parser = argparse.ArgumentParser(prog="llmready", description=__doc__)
    parser.add_argument("--version", action="version", version=f"llmready {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    if command in _LOCAL:
        _add_local_commands(commands.add_parser)
    else:
        _add_all_commands(commands.add_parser)
    return parser


def _add_all_commands(add_command: Add) -> None:
    """Add the commands in the order in which the help lists them."""
    from llmready.cli import admin, completion, cost  # noqa: PLC0415 - see build_parser
    from llmready.cli.client import (  # noqa: PLC0415
        account,
        api_keys,
        generations,
        results,
        sites,
        syncing,
        webhooks,
    )

    for group in (account, sites, generations, results, syncing, api_keys, webhooks):
        group.add_commands(add_command)
    _add_local_commands(add_command)
    admin.add_arguments(add_command("admin", help="operate a service: plans, users, jobs and keys"))
    cost.add_arguments(add_command("cost", help="compute the cost of a stage from its template"))
    completion.add_command(add_command, build_parser)


def _add_local_commands(add_command: Add) -> None:
    """Add the commands that need no service."""
    crawling = add_command("crawl", help="crawl a site into llms.txt, llms-full.txt and md/")
    crawl.add_arguments(crawling)
    crawling.set_defaults(run=requiring("crawler", crawl.run))
    converting = add_command("convert", help="turn a page into Markdown, without any service")
    convert.add_arguments(converting)
    converting.set_defaults(run=requiring("crawler", convert.run))


def _failure(error: BaseException) -> CommandFailed:
    """Return the sentence and the exit code for the exception that ended a command."""
    match error:
        case CommandFailed():
            return error
        case KeyboardInterrupt():
            return CommandFailed("interrupted", ExitCode.INTERRUPTED)
        case EOFError():
            return CommandFailed("the input ended early", ExitCode.USAGE)
        case OSError():
            _drop_output()
            return not_written("the output", error)
    return CommandFailed("terminated", ExitCode.TERMINATED)


def _print_problem(problem: dict[str, Any]) -> None:
    """Print the error of the API for programs that asked for JSON."""
    shown = {name: problem.get(name) for name in ("code", "status", "detail", "errors", "request_id")}
    with contextlib.suppress(OSError):
        print(json.dumps({"error": {name: value for name, value in shown.items() if value is not None}}))


def _drop_output() -> None:
    """Discard further output, so that flushing it at exit does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(_number: int, _frame: object) -> Never:
    raise _Terminated


if __name__ == "__main__":
    sys.exit(main())
