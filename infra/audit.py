"""``python -m infra.audit``: look for known vulnerabilities of every pinned package, Python and npm.

pip-audit asks PyPI, npm asks its registry. A package that could not be looked up is reported as such.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# dev.txt contains every package of the service and of its tests; the other files are separate environments.
REQUIREMENTS = ("dev", "checkov", "audit")
FOUND, UNKNOWN = 1, 2
"""Exit codes for known vulnerabilities, and for packages that could not be looked up."""
_SHOWN = 5


@dataclass
class Report:
    """The audit result of one lock file."""

    file: str
    looked_up: int = 0
    vulnerabilities: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Packages that could not be looked up, or the reason why none could."""

    def lines(self) -> Iterator[str]:
        """Return the report as lines of text."""
        if self.looked_up:
            known = (
                f"{len(self.vulnerabilities)} known vulnerabilities" if self.vulnerabilities else "none known"
            )
            yield f"{self.file}: {self.looked_up} packages looked up, {known}"
        yield from (f"  {line}" for line in self.vulnerabilities)
        if self.unknown:
            more = f" and {len(self.unknown) - _SHOWN} more" if len(self.unknown) > _SHOWN else ""
            yield (
                f"{self.file}: NOT looked up, because the advisory database did not answer:"
                f" {', '.join(self.unknown[:_SHOWN])}{more}"
            )


def main(arguments: list[str] | None = None) -> int:
    """Audit every lock file.

    Returns:
        The exit code: 0 if no package has a known vulnerability, 1 if a package has one, 2 if packages could
        not be looked up.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__)
    parser.add_argument(
        "--pip-audit", default=str(ROOT / ".build/audit/bin/pip-audit"), help="pip-audit's path"
    )
    options = parser.parse_args(arguments)
    reports: list[Report] = []
    for report in _all(options.pip_audit):
        reports.append(report)
        sys.stdout.writelines(f"{line}\n" for line in report.lines())
        sys.stdout.flush()
    if any(report.unknown for report in reports):
        sys.stderr.write(
            "The audit is incomplete: run `make audit` again on a machine that can reach "
            "PyPI and the npm registry.\n"
        )
    if any(report.vulnerabilities for report in reports):
        return FOUND
    return UNKNOWN if any(report.unknown for report in reports) else 0


def _all(pip_audit: str) -> Iterator[Report]:
    for name in REQUIREMENTS:
        yield python_report(pip_audit, ROOT / "requirements" / f"{name}.txt")
    for lock in npm_locks(ROOT):
        yield npm_report(lock)


def npm_locks(root: Path) -> list[Path]:
    """Return the npm lock files of the repository."""
    found = [*root.glob("*/package-lock.json"), *root.glob("*/*/package-lock.json")]
    return sorted(file for file in found if not file.relative_to(root).parts[0].startswith("."))


def python_report(pip_audit: str, requirements: Path) -> Report:
    """Audit a file of pinned requirements."""
    report = Report(str(requirements.relative_to(ROOT)))
    options = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
    told = _output([pip_audit, *options, "--requirement", str(requirements)], report)
    for package in (told or {}).get("dependencies", []):
        if "skip_reason" in package:
            report.unknown.append(package["name"])
            continue
        report.looked_up += 1
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no release yet"
            report.vulnerabilities.append(
                f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}"
            )
    return report


def npm_report(lock: Path) -> Report:
    """Audit an npm lock file."""
    report = Report(str(lock.relative_to(ROOT)))
    told = _output(["npm", "audit", "--json", "--package-lock-only", f"--prefix={lock.parent}"], report)
    if told is None:
        return report
    if "vulnerabilities" not in told:
        report.unknown.append(str(told.get("message") or told.get("error") or "npm gave no reason"))
        return report
    report.looked_up = told["metadata"]["dependencies"]["total"]
    for name, found in told["vulnerabilities"].items():
        causes = ", ".join(_causes(found["via"]))
        report.vulnerabilities.append(f"{name} {found['range']}: {found['severity']}, {causes}")
    return report


def _causes(via: Iterable[Any]) -> Iterator[str]:
    for cause in via:
        yield f"through {cause}" if isinstance(cause, str) else f"{cause['title']} ({cause['url']})"


def _output(command: list[str], report: Report) -> dict[str, Any] | None:
    """Run a program that prints JSON; if it fails, add the reason to the report."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines()
        report.unknown.append(lines[-1] if lines else f"{command[0]} ended with code {done.returncode}")
        return None
    return told


if __name__ == "__main__":
    sys.exit(main())
