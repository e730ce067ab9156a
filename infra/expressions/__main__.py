"""Check that the regular expressions of the product take linear time, or renew the list of checked ones.

    .venv/bin/python -m infra.expressions [--write]

Python's patterns are translated to JavaScript; `tools/expressions.mjs` checks them together with those of JavaScript.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.expressions.check import check, javascript_files, python_files
from infra.paths import ROOT

KNOWN = ROOT / "tools" / "linear-expressions.json"
BOUNDED = ROOT / "tools" / "bounded-expressions.json"


def main() -> int:
    """Run the command. Returns the exit code: 0 if all regular expressions are linear, else 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.expressions", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="renew the list of expressions that were checked"
    )
    wanted = parser.parse_args()
    return check(python_files(ROOT), javascript_files(ROOT), Path(KNOWN), Path(BOUNDED), write=wanted.write)


if __name__ == "__main__":
    sys.exit(main())
