"""Collect the regular expressions of the product and let `tools/expressions.mjs` check them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.expressions.collect import Expression, expressions, recording
from infra.expressions.translate import translated
from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOMS = {
    "container": "container",
    "layers/core/python": "layers/core/python",
    "cli": "cli",
    "functions": ".",
}
"""Folders of Python files, and the folders in which their packages begin."""

_JAVASCRIPT = (
    "container/mdream/*.mjs",
    "container/llmready/crawler/browser/*.js",
    "web/src/**/*.ts",
    "web/src/**/*.tsx",
)


def python_files(root: Path) -> dict[Path, str]:
    """Return the Python files that use regular expressions, with the names of their modules."""
    return {
        file: ".".join(file.relative_to(root / base).with_suffix("").parts).removesuffix(".__init__")
        for room, base in _ROOMS.items()
        for file in sorted((root / room).rglob("*.py"))
        if "node_modules" not in file.parts and "import re\n" in file.read_text()
    }


def javascript_files(root: Path) -> list[Path]:
    """Return the files in JavaScript and TypeScript."""
    return [file for pattern in _JAVASCRIPT for file in sorted(root.glob(pattern))]


def check(
    python: dict[Path, str], javascript: Sequence[Path], known: Path, bounded: Path, *, write: bool
) -> int:
    """Check regular expressions and print each that is not known to take linear time.

    Args:
        python: Python files with the names of their modules, which are imported.
        javascript: JavaScript and TypeScript files.
        known: The list of expressions that were found linear.
        bounded: The list of exceptions, which only read texts of limited length.
        write: Whether to renew the list of known ones.

    Returns:
        0 if all of them take linear time, else 1.
    """
    given: list[dict[str, str]] = [_described(one) for one in _collected(python)]
    given += [{"file": str(file)} for file in javascript]
    node = Path(sys.executable).with_name("node")
    program = [str(node), str(ROOT / "tools" / "expressions.mjs"), str(known), str(bounded)]
    done = subprocess.run(
        [*program, *(["--write"] if write else [])], input=json.dumps(given), text=True, check=False
    )
    return done.returncode


def _collected(files: dict[Path, str]) -> Iterator[Expression]:
    with recording() as recorded:
        for module in files.values():
            sys.modules.pop(module, None)
            importlib.import_module(module)
    for file, module in files.items():
        yield from expressions(file, module, recorded)


def _described(expression: Expression) -> dict[str, str]:
    source, flags = translated(expression.pattern, expression.flags)
    if expression.is_anchored:
        # Within a pattern of several lines, the sign "^" would also match after each line end.
        source = f"{'(?<![^])' if 'm' in flags else '^'}(?:{source}){'$' if expression.is_whole else ''}"
    return {"place": expression.place, "source": source, "flags": flags}
