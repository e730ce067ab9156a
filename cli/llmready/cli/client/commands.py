"""Declare commands of the client."""

import argparse
from collections.abc import Callable
from typing import Protocol

from llmready.cli.client import session
from llmready.cli.client.session import Session


class Add(Protocol):
    """Add a command to a parser; ``argparse`` has no public type for this."""

    def __call__(self, name: str, *, help: str, description: str | None = None) -> argparse.ArgumentParser:  # noqa: A002
        """Return the parser of the new command."""


def client_command(
    add: Add, name: str, run: Callable[[Session, argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    """Declare a command that calls the API and return its parser."""
    parser = add(name, help=text, description=text)
    session.add_arguments(parser)

    def running(options: argparse.Namespace) -> int:
        opened = session.open_session(options)
        try:
            return run(opened, options)
        finally:
            opened.close()

    parser.set_defaults(run=running)
    return parser
