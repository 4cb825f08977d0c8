"""A small process that forks cells. It has loaded what opens files, and knows nothing of the portal.

It is started with an empty environment and one socket. Over that its keeper asks for a cell, and gets the two
descriptors of one that was made ready before: its line, and the paper that its file is written on. It ends
when its keeper does, and its cells with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from kyc.jail.cell import Task, serve
from kyc.jail.messages import Broken, packed
from kyc.jail.system_calls import prepare

READY_CELLS = 2


@dataclass(slots=True)
class Cell:
    pid: int
    line: socket.socket
    paper: int


def main() -> None:
    """`warden DESCRIPTOR MODULE LIMITS`: MODULE has TASKS; LIMITS are `keeper.Limits` as JSON."""
    control = socket.socket(fileno=int(sys.argv[1]))
    tasks: Mapping[str, Task] = importlib.import_module(sys.argv[2]).TASKS
    Warden(control, tasks, json.loads(sys.argv[3]), prepare()).guard()


class Warden:
    """What it is asked over its socket: `.` for a cell, or `-` and a pid in four bytes: to end that one."""

    def __init__(
        self,
        control: socket.socket,
        tasks: Mapping[str, Task],
        limits: Mapping[str, int],
        library: ctypes.CDLL | None,
    ) -> None:
        self._control, self._tasks, self._limits, self._library = control, tasks, limits, library
        self._ready: deque[Cell] = deque()
        self._handed_out: set[int] = set()

    def guard(self) -> None:
        # What was loaded is shared with every cell, and never looked through again.
        gc.collect()
        gc.freeze()
        self._ready.append(self._make())
        self._control.sendall(packed({"is_ready": True}))
        while word := self._asked():
            if word == b".":
                self._hand_out(self._ready.popleft() if self._ready else self._make())
            else:
                self._kill(struct.unpack(">I", self._control.recv(4, socket.MSG_WAITALL))[0])
            self._reap()
        for pid in [*self._handed_out, *(cell.pid for cell in self._ready)]:
            os.kill(pid, signal.SIGKILL)

    def _asked(self) -> bytes:
        """The next word; while nobody asks, the next cell is made ready. None at the end."""
        while len(self._ready) < READY_CELLS and not select.select([self._control], [], [], 0)[0]:
            self._ready.append(self._make())
        return self._control.recv(1)

    def _kill(self, pid: int) -> None:
        # Only what is a child of ours still: no other process can have its number.
        if pid in self._handed_out:
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        self._handed_out = {pid for pid in self._handed_out if not os.waitpid(pid, os.WNOHANG)[0]}

    def _make(self) -> Cell:
        ours, theirs = socket.socketpair()
        paper = _sheet()
        if pid := os.fork():
            theirs.close()
            return Cell(pid, ours, paper)
        try:
            self._control.close()
            ours.close()
            for other in self._ready:
                other.line.close()
                os.close(other.paper)
            serve(theirs.fileno(), paper, self._tasks, self._limits, self._library)
        except (Broken, OSError):
            os._exit(1)
        finally:
            os._exit(0)

    def _hand_out(self, cell: Cell) -> None:
        self._handed_out.add(cell.pid)
        descriptors = [cell.line.fileno(), cell.paper]
        socket.send_fds(self._control, [struct.pack(">I", cell.pid)], descriptors)
        cell.line.close()
        os.close(cell.paper)


def _sheet() -> int:
    """A file in memory, without a name; where the system has none such, one on the disk that has lost its."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("paper")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


if __name__ == "__main__":
    main()
