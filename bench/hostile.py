"""Print figures of crawls of hostile sites: address tricks, DNS rebinding, compression bombs, crawler traps, slow
answers.

    .venv/bin/python -m bench.hostile

The benchmark runs the tests, which check the limits and print what they measured.
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
