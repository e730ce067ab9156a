"""The dependency layer: complete, and without what Lambda brings itself."""

import io
import json
import subprocess
import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# What the Lambda runtime has beside Python itself.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "python-dateutil", "six")

IMPORTS_ALL_HANDLERS = """
import importlib.util, json, sys
sys.path[:0] = json.loads(sys.argv[1])
for path in sys.argv[2:]:
    spec = importlib.util.spec_from_file_location("handler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert callable(module.handler), path
"""


def zipped(folder: Path) -> int:
    """The size in bytes that a folder has as a package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(folder))
    return packed.tell()


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dependency layer, made for this machine instead of Lambda's."""
    from infra.constructs.layers import DependencyBundling, ThisMachine  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("layer")
    assert DependencyBundling(ThisMachine()).try_bundle(str(folder))
    return folder / "python"


def test_functions_find_every_package_in_the_layers(layer: Path, tmp_path: Path) -> None:
    for package in RUNTIME:
        for name in {file.parts[0] for file in files(package) or [] if file.parts[0] != ".."}:
            (tmp_path / name).symlink_to(Path(__import__("boto3").__file__).parent.parent / name)
    search = [str(layer), str(ROOT / "layers" / "core" / "python"), str(tmp_path)]
    handlers = [str(path) for path in sorted((ROOT / "functions").glob("*/handler.py"))]
    assert handlers
    # -S keeps the environment's own packages out, -I all else.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORTS_ALL_HANDLERS, json.dumps(search), *handlers],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_the_runtime_provides_is_left_out(layer: Path) -> None:
    found = {path.name for path in layer.iterdir()}
    assert "pydantic" in found
    assert not found & {"boto3", "botocore", "s3transfer"}


def test_the_layers_are_small_enough_to_start_fast(layer: Path) -> None:
    assert zipped(layer) <= 15_000_000
    assert zipped(ROOT / "layers" / "core") <= 15_000_000
    assert not list(layer.rglob("*.pyc"))


@pytest.mark.parametrize(
    "handler", sorted((ROOT / "functions").glob("*/handler.py")), ids=lambda path: path.parent.name
)
def test_a_functions_package_is_small(handler: Path) -> None:
    assert zipped(handler.parent) <= 100_000


def test_the_same_pins_give_the_same_layer_for_each_platform() -> None:
    from infra.constructs.layers import DependencyBundling, LambdaPlatform  # noqa: PLC0415

    digests = [DependencyBundling(LambdaPlatform(name)).digest for name in ("arm64", "arm64", "x86_64")]
    assert digests[0] == digests[1] != digests[2]


def test_a_package_is_dropped_with_its_hashes() -> None:
    from infra.constructs.layers import layer_requirements  # noqa: PLC0415

    pinned = "boto3==1.0 \\\n    --hash=sha256:aa\nboto3-extra==1.0 \\\n    --hash=sha256:bb\nbotocore==1.0\n"
    assert layer_requirements(pinned) == "boto3-extra==1.0 \\\n    --hash=sha256:bb\n"
