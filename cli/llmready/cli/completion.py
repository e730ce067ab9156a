"""``llmready completion``: what makes a shell complete the command."""

import argparse
from collections.abc import Callable

from llmready.cli.client.commands import Add
from llmready.cli.exit_codes import ExitCode

_SHELLS = ("bash", "zsh", "tcsh")


def add_command(add: Add, whole: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the command.

    Args:
        add: Adds it.
        whole: Returns the parser of all of ``llmready``.
    """
    text = "Print what makes a shell complete this command."
    parser = add("completion", help=text, description=text)
    parser.add_argument("shell", choices=_SHELLS)

    def run(options: argparse.Namespace) -> int:
        import shtab  # noqa: PLC0415 - takes a tenth of a second to import, which no other command needs

        print(shtab.complete(whole(), shell=options.shell))
        return ExitCode.DONE

    parser.set_defaults(run=run)
