"""Measure the time of the synthesis, the sizes of the packages and the cost of a stage.

python -m bench.deployment [--runs N]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Figures
from infra.paths import ROOT
from infra.sizes import package_sizes
from llmready.cli.costing import Load, generation, month, read_template

STACK = "LLMReady-prod"
# -O skips type checks that mypy has already done, as in `llmready cost` and the local system.
SYNTHESIS = (
    *(sys.executable, "-O", "-m", "infra.app", "--stage", "prod"),
    *("-c", "mail_sender=noreply@example.com"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.deployment", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs: int = parser.parse_args().runs
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        synthesise(Path(folder))  # builds the layer, which is kept
        took, used = zip(*(synthesise(Path(folder)) for _ in range(runs)), strict=True)
        template: dict[str, Any] = json.loads((Path(folder) / f"{STACK}.template.json").read_text())
        sizes = package_sizes(Path(folder), STACK)
    figures.at_most("synthesis of prod, warm", statistics.median(took), 15, "s")
    figures.note("processor time of it", statistics.median(used), "s")
    functions = [size for name, size in sizes.items() if name.startswith("LLMReady prod: ")]
    figures.at_most("largest package of a function", max(functions) / 1e3, 100, "kB")
    layers = [
        sizes[entry["Properties"]["Description"]] / 1e6
        for entry in template["Resources"].values()
        if entry["Type"] == "AWS::Lambda::LayerVersion"
    ]
    figures.at_most("largest layer", max(layers), 15, "MB")
    stack = read_template(template)
    figures.at_most("an idle month", sum(month(stack, Load()).values()), 2, "USD")
    figures.at_most("a generation of 100 pages on Spot", generation(stack, 100), 0.002, "USD")
    return 1 if figures.missed else 0


def synthesise(folder: Path) -> tuple[float, float]:
    """Synthesise the stage; return the elapsed seconds and the CPU seconds."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*SYNTHESIS, "--output", str(folder)], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, used


if __name__ == "__main__":
    sys.exit(main())
