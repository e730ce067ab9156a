"""``python -m infra.local --port N``: the whole system in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from infra.local.aws import forget_accounts
from infra.local.failure import LocalError
from infra.local.settings import read_settings
from infra.local.system import LocalSystem
from infra.paths import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Run the local system. If it cannot run, print one sentence and return exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", default="8000", help="port of the API (default: 8000)")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".local", help="folder for the system's data (default: .local)"
    )
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options.port, options.data, os.environ)
        forget_accounts()
        asyncio.run(LocalSystem(settings, _say).run())
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The local system cannot use {error.filename or options.data}: {error.strerror}.\n")
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
