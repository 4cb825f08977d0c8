"""Which calls to the kernel a cell may make: an allow-list of seccomp (Linux, x86-64 and 64-bit ARM).

Memory, its own open descriptors, the clock and the end. Everything else answers "not permitted": opening a
file, a socket or a process, sending a signal, loosening a limit. What is already open stays usable.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_ALLOWED = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
            "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
            "pread64": 17, "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25, "madvise": 28,
            "getpid": 39, "exit": 60, "gettimeofday": 96, "getrusage": 98, "gettid": 186, "futex": 202,
            "restart_syscall": 219, "clock_gettime": 228, "exit_group": 231, "getrandom": 318,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
            "fstat": 80,
            "exit": 93, "exit_group": 94, "futex": 98, "clock_gettime": 113, "sched_yield": 124,
            "restart_syscall": 128, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
            "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215,
            "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278,
        },
    ),
}  # fmt: skip

# The words of the kernel's little filter machine (linux/filter.h, linux/seccomp.h).
_LOAD, _JUMP_IF_EQUAL, _ANSWER = 0x20, 0x15, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # 1: EPERM
_NUMBER_AT, _MACHINE_AT = 0, 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def filter_for(machine: str) -> bytes:
    """The filter's steps for a machine as `platform.machine()` names it; none where there is no table."""
    if machine not in _ALLOWED:
        return b""
    architecture, calls = _ALLOWED[machine]
    numbers = sorted(calls.values())
    steps = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_ANSWER, 0, 0, _REFUSE),
        (_ANSWER, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def prepare() -> ctypes.CDLL | None:
    """The C library, loaded while files may still be opened; None where there is no filter to set."""
    if sys.platform != "linux" or not filter_for(platform.machine()):
        return None
    return ctypes.CDLL(None, use_errno=True)


def restrict(library: ctypes.CDLL | None) -> bool:
    """Set the filter on this process, for good. False where the kernel has none to set."""
    if library is None:
        return False
    steps = filter_for(platform.machine())
    program = _Program(len(steps) // 8, steps)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0
