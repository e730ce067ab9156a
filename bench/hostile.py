"""Sites that mean harm: address tricks, names that flip, bombs, traps and drips, in figures.

    .venv/bin/python -m bench.hostile

These are the tests themselves, which hold the limits; here they say what they saw.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = (
    "tests/crawler/test_hostile.py",
    "tests/browser/test_guard_proxy.py",
    "tests/crawler/test_politeness.py",
)


def main() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *TESTS]
    raise SystemExit(subprocess.run(command, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
