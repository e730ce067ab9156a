"""Measure the waiting time of twenty users with one generation each, alone and while another user has 500.

    .venv/bin/python -m bench.fairness [--runs 3]

Workers are real processes on this machine, AWS is the emulator; sites have five pages.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from testkit.crowds import served_beside
from testkit.emulator import running_ministack

CROWD, OTHERS, TASKS = 500, 20, 4
LIMIT = 2.0  # times as long


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    times = []
    for _ in range(parser.parse_args().runs):
        with tempfile.TemporaryDirectory() as scratch, running_ministack(Path(scratch)) as emulator:
            alone, beside = (
                served_beside(
                    emulator.place(), Path(scratch) / f"{crowd}", crowd=crowd, others=OTHERS, max_tasks=TASKS
                ).p95
                for crowd in (0, CROWD)
            )
        times.append(beside / alone)
        print(
            f"p95 from start to end: {alone:.1f} s alone, {beside:.1f} s beside {CROWD} of one tenant",
            flush=True,
        )
    print(f"median of {len(times)} runs: {statistics.median(times):.2f} times as long (at most {LIMIT:.0f})")


if __name__ == "__main__":
    main()
