"""The image contains all packages that its programs import; a developer's machine has more packages."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WORKER = (
    "llmready.worker.main",
    "llmready.crawler.cli",
    "llmready.crawler.crawl",
    "llmready.crawler.fetch.client",
    "llmready.crawler.engine.site",
    "llmready.crawler.engine.scheduler",
)
# Refuses what the image lacks, and then imports.
IMPORTING = """
import importlib, importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r} in the image", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Missing())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def normalised(name: str) -> str:
    """Return a package's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*parts: str) -> set[str]:
    """Return the names of the packages that lock files pin."""
    texts = [(ROOT / "requirements" / f"{part}.txt").read_text() for part in parts]
    names = [name for text in texts for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)]
    return {normalised(name) for name in names}


def imported(modules: tuple[str, ...], *parts: str) -> str:
    """Import modules in an environment with only the packages of some lock files; return the errors."""
    there = locked(*parts) | {"llmready"}
    makers = packages_distributions().items()
    absent = [name for name, made_by in makers if not {normalised(maker) for maker in made_by} & there]
    command = [sys.executable, "-c", IMPORTING, ",".join(absent), *modules]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_the_plain_image_contains_its_imports() -> None:
    assert imported(WORKER, "container") == ""
    assert "No module named 'boto3' in the image" in imported(WORKER, "browser")


def test_the_image_with_a_browser_contains_its_imports() -> None:
    assert imported((*WORKER, "llmready.crawler.browser.browser"), "container", "browser") == ""
    assert "No module named 'playwright' in the image" in imported(
        ("llmready.crawler.browser.browser",), "container"
    )
