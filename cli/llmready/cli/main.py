"""``llmready``: make files of websites with a running service, look after one, or crawl without any."""

import argparse
import os
import signal
import sys
from typing import Never

from llmready.cli import admin, completion, cost
from llmready.cli.client import account, generations, sites, syncing
from llmready.cli.exit_codes import ExitCode
from llmready.cli.extras import requiring
from llmready.cli.failure import CommandFailed, not_written
from llmready.crawler import cli as crawl
from llmready.crawler import convert_cli as convert
from llmready.version import __version__


class _Terminated(BaseException):
    """The command was asked to end."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code, one of :class:`cli.exit_codes.ExitCode`."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        options = build_parser().parse_args(arguments)
        code = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return ExitCode.PIPE_CLOSED
    except (CommandFailed, KeyboardInterrupt, EOFError, _Terminated, OSError) as error:
        failure = _failure(error)
        print(f"llmready: {failure}", file=sys.stderr)
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
    syncing.add_commands(commands.add_parser)
    crawling = commands.add_parser("crawl", help="crawl a site into llms.txt, llms-full.txt and md/")
    crawl.add_arguments(crawling)
    crawling.set_defaults(run=requiring("crawler", crawl.run))
    converting = commands.add_parser("convert", help="turn a page into Markdown, without any service")
    convert.add_arguments(converting)
    converting.set_defaults(run=requiring("crawler", convert.run))
    admin.add_arguments(commands.add_parser("admin", help="plans, users and jobs of a running service"))
    cost.add_arguments(commands.add_parser("cost", help="what a stage costs, from its template"))
    completion.add_command(commands.add_parser, build_parser)
    return parser


def _failure(error: BaseException) -> CommandFailed:
    """Return what ended a command as the sentence and the code that a person gets."""
    match error:
        case CommandFailed():
            return error
        case KeyboardInterrupt():
            return CommandFailed("interrupted", ExitCode.INTERRUPTED)
        case EOFError():
            return CommandFailed("there is no more input to read", ExitCode.USAGE)
        case OSError():
            _drop_output()
            return not_written("the output", error)
    return CommandFailed("terminated", ExitCode.TERMINATED)


def _drop_output() -> None:
    """Let nothing be written any more at the end of the process, where it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(_number: int, _frame: object) -> Never:
    raise _Terminated


if __name__ == "__main__":
    sys.exit(main())
