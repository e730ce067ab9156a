"""A crawler that a page has taken over finds no credentials: environment, /proc, the metadata addresses."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from testkit import needs
from tests.worker.captive import ADDRESSES, SECRET

HOSTILE = Path(__file__).with_name("hostile.py")
ROOT = Path(__file__).parents[2]
UID = 54322


def test_taken_over_crawler_reads_no_credentials() -> None:
    needs.programs({"ip": "iproute2"})
    needs.namespaces()
    python = str(needs.package("python3-minimal", Path("/usr/bin/python3")))
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o711)
    path = f"/v2/credentials/{uuid.uuid4()}"
    try:
        hostile = shutil.copy(HOSTILE, folder)
        Path(hostile).chmod(0o644)
        addresses = " && ".join(f"ip address add {address}/32 dev lo" for address in ADDRESSES)
        script = f'ip link set lo up && {addresses} && exec "$@"'
        arguments = [str(folder), str(UID), hostile, python]
        done = subprocess.run(
            [
                "unshare",
                "--net",
                "sh",
                "-c",
                script,
                "sh",
                sys.executable,
                "-m",
                "tests.worker.captive",
                *arguments,
            ],
            env={
                **os.environ,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path,
                "AWS_SESSION_TOKEN": SECRET,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/x",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(folder)
    told = json.loads(done.stdout.splitlines()[-1])
    found, text = told["found"], json.dumps(told["found"])
    assert path not in text
    assert SECRET not in text
    assert set(found["environment"]) <= {"PATH", "LANG", "LC_CTYPE", "HOME", "TMPDIR"}
    assert (found["uid"], found["groups"]) == ([UID] * 3, [])
    assert len(found["worker"]) == 12
    assert set(found["worker"].values()) <= {"EACCES", "EPERM"}, found["worker"]
    assert "tests.worker.captive" in found["command"]  # it did look at its worker
    assert (found["root"], found["held"]) == ("EPERM", "EACCES")
    # The address answers, as on Fargate, but returns nothing without the ID.
    assert set(found["metadata"].values()) == {"HTTP 404"}
    assert len(told["tried"]) == len(found["metadata"])
    # A page that names the addresses, even with the id, gets no crawler there.
    assert told["refused"] == ["blocked_address"] * 3
    assert told["asked"] == []
