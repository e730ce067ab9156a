"""Additional packages that groups of commands need, and the extras that install these packages."""

import argparse
from collections.abc import Callable
from importlib.util import find_spec

from llmready.cli.failure import CommandFailed

Run = Callable[[argparse.Namespace], int]

# Top-level modules that each extra of pyproject.toml installs. Node is not listed, because any installed Node can be
# used.
_MODULES = {
    "crawler": ("aiohttp", "brotli", "protego", "pyromark", "selectolax"),
    "operator": ("boto3",),
}


def requiring(extra: str, run: Run) -> Run:
    """Return a command that is refused with one sentence while the packages of its extra are missing.

    Args:
        extra: Name of the extra.
        run: The command.
    """

    def checked(options: argparse.Namespace) -> int:
        missing = [name for name in _MODULES[extra] if find_spec(name) is None]
        if missing:
            raise CommandFailed(
                f"this command needs packages that are not installed ({', '.join(missing)}); "
                f"install them with: pip install 'llmready[{extra}]'"
            )
        return run(options)

    return checked
