"""The shape of use cases."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
USECASES = sorted((ROOT / "layers/core/python/llmready/usecases").glob("*.py"))
MOST_PARAMETERS = 7


@pytest.mark.parametrize("file", USECASES, ids=lambda file: file.stem)
def test_no_use_case_takes_more_than_seven_parameters(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
            assert count <= MOST_PARAMETERS, f"{file.name}: {node.name} takes {count} parameters"
            assert arguments.vararg is None or node.name.startswith("_"), f"{file.name}: {node.name}"
            assert arguments.kwarg is None, f"{file.name}: {node.name} takes any keyword"
