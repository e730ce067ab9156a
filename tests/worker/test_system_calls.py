"""A crawler cannot hold memory that belongs to no process with calls that no crawler needs."""

import json
import platform
import subprocess
import sys
from typing import Any

import pytest

# Confines itself like a worker, and then becomes the program of its arguments, like the crawler of a worker.
_CONFINED = """
import os, sys
from llmready.worker.confinement import confine_worker
confine_worker()
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# Without the confinement, each call fails for another reason, so that nothing remains.
_CALLS = """
import ctypes, errno, json
library = ctypes.CDLL(None, use_errno=True)

def told(name, *arguments):
    getattr(library, name)(*(ctypes.c_long(one) if isinstance(one, int) else one for one in arguments))
    return errno.errorcode[ctypes.get_errno()]

print(json.dumps({
    "memfd_create": told("memfd_create", 0, 0),
    "memfd_secret": told("syscall", 447, -1),
    "shmget": told("shmget", 0, 0, 0),
    "msgget": told("msgget", 123456789, 0),
    "semget": told("semget", 123456789, 1, 0),
    "mq_open": told("mq_open", b"/absent", 2),
    "vmsplice": told("vmsplice", -1, 0, 1, 0),
    "io_uring_setup": told("syscall", 425, 0, 0),
}))
"""
# Machine code that calls memfd_create with a null pointer by its number among the calls with 32 bits:
# push rbx; mov eax, 356; xor ebx, ebx; int 0x80; pop rbx; ret
_CALL_OF_32_BITS = r"""
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b"\x53\xb8\x64\x01\x00\x00\x31\xdb\xcd\x80\x5b\xc3")
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())
"""
_ENOSYS = 38


def run(*command: str) -> Any:
    """Return what a Python program prints as JSON."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"},
    reason="the numbers of system calls of this machine are not known",
)
def test_a_crawler_cannot_make_memory_that_belongs_to_no_process() -> None:
    told = run("-c", _CONFINED, "-c", _CALLS)
    assert set(told.values()) == {"ENOSYS"}, told


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86_64 has these calls")
def test_calls_with_32_bits_are_refused() -> None:
    try:
        run("-c", _CALL_OF_32_BITS)
    except subprocess.CalledProcessError:
        pytest.skip("this kernel has no calls with 32 bits")
    assert run("-c", _CONFINED, "-c", _CALL_OF_32_BITS) == -_ENOSYS
