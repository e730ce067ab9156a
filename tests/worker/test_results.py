"""Result files of a crawler: only regular files of its own user are accepted, and no file blocks the worker."""

import asyncio
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from llmready.worker.results import NotAcceptable, TooLarge, take
from testkit import needs

OWNER = os.geteuid()


def test_a_regular_file_is_copied_with_its_size_and_hash(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"words" * 1_000_000)
    taken = take(file, tmp_path / "copy", owner=OWNER, most=5_000_000)
    assert taken.path.read_bytes() == file.read_bytes()
    assert (taken.size, taken.sha256) == (5_000_000, hashlib.sha256(file.read_bytes()).hexdigest())


def _fifo(file: Path) -> None:
    os.mkfifo(file)


def _link(file: Path) -> None:
    file.symlink_to("/etc/hostname")


def _link_to_nothing(file: Path) -> None:
    file.symlink_to("/nonexistent")


def _folder(file: Path) -> None:
    file.mkdir()


def _hard_link(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("words")
    file.hardlink_to(other)


def _socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))


def _device(file: Path) -> None:
    needs.root()
    os.mknod(file, 0o20666, os.makedev(1, 5))  # /dev/zero


def _foreign(file: Path) -> None:
    needs.root()
    file.write_text("words")
    os.chown(file, 54321, 54321)


@pytest.mark.parametrize(
    "make", [_fifo, _link, _link_to_nothing, _folder, _hard_link, _socket, _device, _foreign]
)
async def test_anything_else_is_refused_without_waiting(tmp_path: Path, make: Callable[[Path], None]) -> None:
    file, copy = tmp_path / "file", tmp_path / "copy"
    make(file)
    with pytest.raises(NotAcceptable):
        async with asyncio.timeout(5):
            await asyncio.to_thread(take, file, copy, owner=OWNER, most=1_000_000)
    assert not copy.exists()


def test_a_sparse_file_counts_with_its_whole_size(tmp_path: Path) -> None:
    file, copy = tmp_path / "file", tmp_path / "copy"
    with file.open("wb") as opened:
        opened.truncate(1 << 40)
    with pytest.raises(TooLarge):
        take(file, copy, owner=OWNER, most=1 << 20)
    assert not copy.exists()


def test_a_missing_file_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        take(tmp_path / "file", tmp_path / "copy", owner=OWNER, most=1)
