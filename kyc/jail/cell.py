"""A short-lived child that opens files: everything is taken away first, then come a few files, then the end.

A process for every file would cost more than most files do. So a cell looks at several, as long as they cost
little: whatever asks for more than a quarter of a second was the last one, and so is what fails.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from kyc.jail.messages import Broken, packed, received, write_all
from kyc.jail.system_calls import restrict

# A task takes the file's bytes and its options, and gives what it found and, for a copy, bytes.
Task = Callable[..., tuple[dict[str, Any], bytes]]

FILES_MOST = 20
# Of the seconds that the limit leaves for one file.
CPU_SECONDS_MOST = 0.25
_PR_SET_PDEATHSIG = 1


def serve(
    line: int, paper: int, tasks: Mapping[str, Task], limits: Mapping[str, int], library: ctypes.CDLL | None
) -> None:
    """Answer requests that come on the socket `line`, each about the file in `paper`, until it is enough.

    Whoever calls ends the process after it. An answer says whether it was the last one, and by how much this
    process grew.
    """
    is_filtered = confine(limits, library)
    before, served, is_last = peak_kib(), 0, False
    while not is_last:
        try:
            head, _body = received(lambda most: os.read(line, most))
        except Broken:  # nobody asks any more
            return
        answer, body = _answered(tasks[head["task"]], paper, head)
        served += 1
        is_last = served >= FILES_MOST or time.process_time() > CPU_SECONDS_MOST or "failed" in answer
        answer |= {"is_last": is_last, "grown_kib": max(0, peak_kib() - before), "is_filtered": is_filtered}
        write_all(line, packed(answer, body))


def _answered(task: Task, paper: int, head: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        found, body = task(_read(paper, head["size"]), **head["options"])
    except MemoryError:
        return {"failed": "memory"}, b""
    except Exception as error:  # whatever a library does with a hostile file
        return {"failed": type(error).__name__}, b""
    return {"found": found}, body


def _read(paper: int, size: int) -> bytes:
    parts, place = [], 0
    while place < size:
        part = os.pread(paper, size - place, place)
        if not part:
            raise EOFError
        parts.append(part)
        place += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def confine(limits: Mapping[str, int], library: ctypes.CDLL | None) -> bool:
    """Take everything away from this process that looking at a file does not need; is the filter set?

    Linux: all of it. Elsewhere there is no system-call filter: the limits still forbid opening any file or
    socket, since no new descriptor may be opened at all, but not the sending of signals. The clock on the
    wall is the keeper's to watch.
    """
    if library is not None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    most = {
        "RLIMIT_CPU": limits["cpu_seconds"],
        "RLIMIT_AS": limits["memory_bytes"],
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
    }
    for name, value in most.items():
        kind = getattr(resource, name, None)
        if kind is None or (
            name == "RLIMIT_AS" and sys.platform == "darwin"
        ):  # macOS knows it and refuses it
            continue
        _soft, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    return restrict(library)


def peak_kib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
