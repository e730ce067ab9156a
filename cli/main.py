"""``llmready``: crawl a site without any AWS, or look after a running service."""

import argparse
import sys

from cli import admin
from cli.failure import CommandFailed
from crawler import cli as crawl
from llmready import __version__


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 refused or failed, 2 wrong arguments."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CommandFailed as failure:
        print(f"llmready: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("llmready: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llmready", description=__doc__)
    parser.add_argument("--version", action="version", version=f"llmready {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    crawling = commands.add_parser("crawl", help="crawl a site into llms.txt, llms-full.txt and md/")
    crawl.add_arguments(crawling)
    crawling.set_defaults(run=crawl.run)
    admin.add_arguments(commands.add_parser("admin", help="plans, users and jobs of a running service"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
