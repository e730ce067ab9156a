"""Generate llms.txt and Markdown files of websites with a service or on this machine, or operate a service."""

import argparse
import contextlib
import json
import os
import signal
import sys
from typing import Any, Never

from llmready.cli import admin, completion, cost
from llmready.cli.client import account, api_keys, generations, results, sites, syncing, webhooks
from llmready.cli.exit_codes import ExitCode
from llmready.cli.extras import requiring
from llmready.cli.failure import CommandFailed, not_written
from llmready.crawler import cli as crawl
from llmready.crawler import convert_cli as convert
from llmready.version import __version__


class _Terminated(BaseException):
    """The process received SIGTERM."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code, an :class:`llmready.cli.exit_codes.ExitCode`."""
    signal.signal(signal.SIGTERM, _terminate)
    options = argparse.Namespace()
    try:
        build_parser().parse_args(arguments, namespace=options)
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


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    parser = argparse.ArgumentParser(prog="llmready", description=__doc__)
    parser.add_argument("--version", action="version", version=f"llmready {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    account.add_commands(commands.add_parser)
    sites.add_commands(commands.add_parser)
    generations.add_commands(commands.add_parser)
    results.add_commands(commands.add_parser)
    syncing.add_commands(commands.add_parser)
    api_keys.add_commands(commands.add_parser)
    webhooks.add_commands(commands.add_parser)
    crawling = commands.add_parser("crawl", help="crawl a site into llms.txt, llms-full.txt and md/")
    crawl.add_arguments(crawling)
    crawling.set_defaults(run=requiring("crawler", crawl.run))
    converting = commands.add_parser("convert", help="turn a page into Markdown, without any service")
    convert.add_arguments(converting)
    converting.set_defaults(run=requiring("crawler", convert.run))
    admin.add_arguments(commands.add_parser("admin", help="operate a service: plans, users, jobs and keys"))
    cost.add_arguments(commands.add_parser("cost", help="compute the cost of a stage from its template"))
    completion.add_command(commands.add_parser, build_parser)
    return parser


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
