"""Source files stay short enough to read in one go."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MOST_LINES = 400
FOLDERS = ("layers", "container", "cli", "infra", "functions", "testkit", "bench", "tools", "web/src")
SUFFIXES = {".py", ".mjs", ".js", ".ts", ".tsx"}
# `npm run types` writes it.
GENERATED = {"schema.d.ts"}


def source_files(folder: Path) -> list[Path]:
    """Return the source files below a folder, without installed packages."""
    return [
        file
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES
        and file.is_file()
        and file.name not in GENERATED
        and not {"node_modules", "dist"} & set(file.relative_to(ROOT).parts)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_source_file_has_more_than_400_lines(folder: str) -> None:
    files = source_files(ROOT / folder)
    assert files
    too_long = {
        str(file.relative_to(ROOT)): lines
        for file in files
        if (lines := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert not too_long
