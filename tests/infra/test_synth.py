"""`python -m infra.app`, which `cdk synth` runs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.infra.template import Template

ROOT = Path(__file__).parent.parent.parent


def test_synth_prints_sizes_and_is_reproducible(dev: Template, tmp_path: Path) -> None:
    settings = ("-c", "mail_provider=none", "-c", "malware_scan=true")
    done = subprocess.run(
        [sys.executable, "-m", "infra.app", "--stage", "dev", *settings, "--output", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.glob("*.template.json")
    again = Template(json.loads(made.read_text()), made.parent)
    assert len(_assets(again)) >= len(dev.functions()) + 2
    assert _assets(again) == _assets(dev)
    public = again.functions()["public"]["Properties"]["Code"]["S3Key"].removesuffix(".zip")
    deployed = tmp_path / f"asset.{public}" / "openapi.json"
    assert not deployed.is_symlink()
    assert deployed.read_bytes() == (ROOT / "docs/api/openapi.json").read_bytes()

    for image in json.loads(next(tmp_path.glob("*.assets.json")).read_text())["dockerImages"].values():
        _has_what_it_copies(tmp_path / image["source"]["directory"], image["source"]["dockerFile"])

    sizes = {
        match[1]: float(match[2].replace(",", ""))
        for match in re.finditer(r"(\S.*\S) +([\d.,]+) kB\n", done.stderr)
    }
    for folder in dev.functions():
        assert 0 < sizes[f"LLMReady dev: {folder}"] <= 100
    for name, layer in dev.of("AWS::Lambda::LayerVersion").items():
        if "AwsCliLayer" not in name:  # a zip of the CDK's, which is not put together here
            assert 0 < sizes[layer["Properties"]["Description"]] <= 15_000


def _has_what_it_copies(context: Path, dockerfile: str) -> None:
    """Assert that the files that a build copies are among the files that are sent to it."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (context / dockerfile).read_text(), re.MULTILINE)
    assert len(copied) > 5
    for path in (path for paths in copied for path in paths.split()):
        assert list(context.glob(path)), path


def _assets(template: Template) -> dict[str, Any]:
    codes = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}
    return {
        name: entry["Properties"][code]
        for kind, code in codes.items()
        for name, entry in template.of(kind).items()
    }
