"""Read the trees of LLMReady's HTML parser through a program that prints them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DUMP = Path(__file__).with_name("parser_trees.mjs")


def trees(pages: Sequence[tuple[str, bool]]) -> list[list[object]]:
    """Parse pages.

    Args:
        pages: For each page, its source and whether the content of `noscript` is read as markup.

    Returns:
        The trees as nested lists: name, attributes, children.
    """
    program = [str(Path(sys.executable).parent / "node"), str(DUMP)]
    done = subprocess.run(program, input=json.dumps(pages), stdout=subprocess.PIPE, text=True, check=True)
    found: list[list[object]] = json.loads(done.stdout)
    return found
