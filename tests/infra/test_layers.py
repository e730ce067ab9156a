"""The layers are complete and small, contain no packages of the Lambda runtime, and contain usable bytecode."""

import io
import json
import re
import subprocess
import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

import boto3
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
IMPORTS_ALL_OF_THE_CORE = """
import importlib, json, pkgutil, sys
sys.path[:0] = json.loads(sys.argv[1])
import llmready
for module in pkgutil.walk_packages(llmready.__path__, "llmready."):
    importlib.import_module(module.name)
"""

needs_bytecode = pytest.mark.skipif(
    sys.version_info[:2] != (3, 13), reason="only the Python that Lambda has can make its bytecode"
)


def zipped(folder: Path) -> int:
    """Return the size in bytes of a folder as a zipped package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return packed.tell()


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dependency layer, made for this machine instead of Lambda's."""
    return made("lambda", tmp_path_factory.mktemp("layer"))


@pytest.fixture(scope="module")
def sendgrid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The additional layer of the notifier for SendGrid."""
    return made("sendgrid", tmp_path_factory.mktemp("sendgrid"))


def made(packages: str, folder: Path) -> Path:
    from infra.constructs.layers import DependencyBundling, Packages, ThisMachine  # noqa: PLC0415

    assert DependencyBundling(ThisMachine(), Packages(packages)).try_bundle(str(folder))
    return folder / "python"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core layer as it is deployed."""
    from infra.constructs.bytecode import SourceBundling  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("core")
    assert SourceBundling(ROOT / "layers" / "core", "/opt").try_bundle(str(folder))
    return folder / "python"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the Lambda runtime."""
    folder = tmp_path_factory.mktemp("runtime")
    for package in RUNTIME:
        for name in {file.parts[0] for file in files(package) or [] if file.parts[0] != ".."}:
            (folder / name).symlink_to(Path(boto3.__file__).parent.parent / name)
    return folder


def imported(script: str, *arguments: str, search: list[Path], verbose: bool = False) -> str:
    """Run a script that imports only from these folders; return the output of Python."""
    # -S keeps the environment's own packages out, -I all else.
    command = [sys.executable, "-I", "-S", "-B", *(["-v"] if verbose else []), "-c", script]
    folders = json.dumps([str(folder) for folder in search])
    done = subprocess.run([*command, folders, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))


def test_functions_find_every_package_in_the_layers(layer: Path, core: Path, runtime: Path) -> None:
    assert HANDLERS
    imported(IMPORTS_ALL_HANDLERS, *map(str, HANDLERS), search=[layer, core, runtime])


def test_the_core_finds_the_rest_of_it_in_the_layer_of_the_notifier(
    layer: Path, sendgrid: Path, core: Path, runtime: Path
) -> None:
    imported(IMPORTS_ALL_OF_THE_CORE, search=[layer, sendgrid, core, runtime])


def test_packages_that_exist_elsewhere_are_left_out(layer: Path, sendgrid: Path) -> None:
    found, beside = (
        {path.name for path in folder.iterdir() if path.is_dir()} for folder in (layer, sendgrid)
    )
    assert "pydantic" in found
    assert not found & {"boto3", "botocore", "s3transfer", "sendgrid", "cryptography"}
    assert "sendgrid" in beside
    assert not beside & ((found | {"boto3", "botocore", "s3transfer"}) - {"__pycache__"})


def test_the_layers_are_small_enough_to_start_fast(layer: Path, sendgrid: Path, core: Path) -> None:
    for folder in (layer, sendgrid, core):
        assert zipped(folder.parent) <= 15_000_000


@needs_bytecode
def test_cold_starts_compile_nothing(layer: Path, core: Path, runtime: Path) -> None:
    said = imported(IMPORTS_ALL_HANDLERS, *map(str, HANDLERS), search=[layer, core, runtime], verbose=True)
    loaded = re.findall(r"^# code object from '?(.+?)'?$", said, re.MULTILINE)
    ours = [path for path in loaded if path.startswith((str(layer), str(core)))]
    assert len(ours) > 300
    assert [path for path in ours if not path.endswith(".pyc")] == []


@needs_bytecode
def test_bytecode_contains_the_path_at_run_time(core: Path) -> None:
    compiled = next((core / "llmready" / "__pycache__").glob("bootstrap.*.pyc")).read_bytes()
    assert b"/opt/python/llmready/bootstrap.py" in compiled
    assert str(core).encode() not in compiled


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_functions_package_is_small(handler: Path, tmp_path: Path) -> None:
    from infra.constructs.bytecode import SourceBundling  # noqa: PLC0415

    assert SourceBundling(handler.parent, "/var/task").try_bundle(str(tmp_path))
    assert zipped(tmp_path) <= 100_000


def test_the_same_pins_give_the_same_layer_for_each_platform() -> None:
    from infra.constructs.layers import DependencyBundling, LambdaPlatform  # noqa: PLC0415

    digests = [DependencyBundling(LambdaPlatform(name)).digest for name in ("arm64", "arm64", "x86_64")]
    assert digests[0] == digests[1] != digests[2]


def test_a_package_is_dropped_with_its_hashes() -> None:
    from infra.constructs.layers import layer_requirements  # noqa: PLC0415

    pinned = "boto3==1.0 \\\n    --hash=sha256:aa\nboto3-extra==1.0 \\\n    --hash=sha256:bb\nbotocore==1.0\n"
    assert layer_requirements(pinned) == "boto3-extra==1.0 \\\n    --hash=sha256:bb\n"
