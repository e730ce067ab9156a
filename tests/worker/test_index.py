"""The index of an archive whose manifest an intact crawler would not write."""

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from llmready.domain.generation import Generation
from llmready.services import Services
from llmready.worker.index import index_archive, store_index

GENERATION = cast("Generation", SimpleNamespace(id="generation", user_id="user", fence=1))


def archive_with(manifest: str, folder: Path) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("md/index.md", "# Bread\n")
    return path


def test_a_manifest_with_a_list_as_path_gives_no_index(tmp_path: Path) -> None:
    manifest = json.dumps({"pages": [{"path": ["md/index.md"]}]})
    assert index_archive(GENERATION, archive_with(manifest, tmp_path)) is None


def test_a_manifest_with_lone_surrogates_does_not_end_the_attempt(tmp_path: Path) -> None:
    stored: list[Any] = []
    services = cast(
        "Services", SimpleNamespace(archives=SimpleNamespace(put=lambda *args: stored.append(args)))
    )
    manifest = json.dumps({"pages": [{"path": "md/index.md", "title": "\ud800", "sha256": "0" * 64}]})
    index = index_archive(GENERATION, archive_with(manifest, tmp_path))
    assert index is not None
    store_index(services, GENERATION, index)
    assert stored == []
