"""Refuse system calls with which a crawler could hold memory that belongs to no process.

The memory of a crawler is measured as the memory of its processes. A file in memory (``memfd_create``), System V
shared memory or a page that waits in a pipe belongs to none of them. Neither the worker nor a crawler needs these
calls. A program that tries one is told that the kernel does not have it (ENOSYS), and uses something else.
"""

import ctypes
import errno
import os
import struct
import sys
from typing import NamedTuple

from llmready.observability import logger

# Numbers of seccomp(2) and of the filter's instructions (linux/filter.h).
_SET_MODE_FILTER = 1
_SPEC_ALLOW = 1 << 2  # without it, older kernels slow down every process that has a filter
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
# On x86_64, numbers from here on are calls of the x32 ABI, which have the same effects as the normal ones.
_FIRST_X32 = 0x40000000


class _Machine(NamedTuple):
    """Numbers of a processor architecture: its own (linux/audit.h), and those of its system calls."""

    architecture: int
    seccomp: int
    refused: dict[str, int]


_MACHINES = {
    "x86_64": _Machine(
        architecture=0xC000003E,
        seccomp=317,
        refused={
            "memfd_create": 319,
            "memfd_secret": 447,
            "shmget": 29,
            "msgget": 68,
            "semget": 64,
            "mq_open": 240,
            "vmsplice": 278,
            "io_uring_setup": 425,
        },
    ),
    "aarch64": _Machine(
        architecture=0xC00000B7,
        seccomp=277,
        refused={
            "memfd_create": 279,
            "memfd_secret": 447,
            "shmget": 194,
            "msgget": 186,
            "semget": 190,
            "mq_open": 180,
            "vmsplice": 75,
            "io_uring_setup": 425,
        },
    ),
}


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> None:
    """Refuse the calls to this process and to all of its later children. It must have ``no_new_privs``.

    Calls of another ABI of the processor (32 bits, x32) are refused completely, because their numbers differ. On a
    processor that is not known here, nothing is refused.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None or sys.maxsize < 1 << 32:
        logger.warning("system calls of crawlers are not restricted on this machine")
        return
    instructions = _filter(machine)
    program = _Program(len(instructions) // 8, instructions)
    call = ctypes.CDLL(None, use_errno=True).syscall
    arguments = (machine.seccomp, _SET_MODE_FILTER, _SPEC_ALLOW)
    if call(*(ctypes.c_long(value) for value in arguments), ctypes.byref(program)) != 0:
        reason = os.strerror(ctypes.get_errno())
        logger.warning("system calls of crawlers are not restricted", reason=reason)


def _filter(machine: _Machine) -> bytes:
    """Return the filter: instructions for the kernel's virtual machine, each with the length of its jumps."""
    numbers = machine.refused.values()
    # Jumps count the instructions that they skip. The last two are: allow, refuse.
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, len(numbers) + 3, machine.architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_AT_LEAST, len(numbers) + 1, 0, _FIRST_X32),
        *((_JUMP_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
