"""The image has what the programs in it import, and nothing of it is only on a developer's machine."""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# With these even what is imported late is looked at.
WORKER = (
    "worker.main",
    "crawler.cli",
    "crawler.crawl",
    "crawler.fetch.fetcher",
    "crawler.walk",
    "crawler.opening",
)


def loaded(*modules: str) -> set[str]:
    """Return the top names of what importing some modules loads, after the interpreter's own start."""
    script = f"""
import importlib, json, sys
before = set(sys.modules)
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout)) - sys.stdlib_module_names


def locked(*parts: str) -> set[str]:
    """Return the names of the packages that lock files pin."""
    texts = [(ROOT / "requirements" / f"{part}.txt").read_text() for part in parts]
    return {
        name.lower() for text in texts for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("modules", "parts"),
    [
        pytest.param(WORKER, ["container"], id="plain"),
        pytest.param((*WORKER, "crawler.fetch.browser"), ["container", "browser"], id="browser"),
    ],
)
def test_what_the_image_runs_is_in_the_image(modules: tuple[str, ...], parts: list[str]) -> None:
    makers = packages_distributions()
    available = locked(*parts)
    for name in loaded(*modules):
        needed = {maker.lower() for maker in makers.get(name, [])}
        assert not needed or needed & (available | {"llmready"}), f"{name} comes from {needed}"


def test_the_plain_image_has_no_browser() -> None:
    assert "playwright" not in locked("container")
    assert "playwright" in locked("browser")
