"""The portal's side: hand a file to a cell, and believe nothing it says beyond its shape.

A cell that runs on, grows, crashes or talks nonsense costs its file and nothing else: `Unsafe` says why.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kyc.jail.messages import Broken, packed, received

_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from kyc.jail.warden import main; main()"
)
# Loading the libraries takes a fifth of a second; a machine under full load may need many times that.
START_SECONDS = 60
# A cell holds up to half a gigabyte: so many at once in one process of the portal.
CELLS = max(2, os.cpu_count() or 2)


class Unsafe(Exception):
    """The file could not be looked at safely. `why`: time, memory, crash, nonsense, or an error's name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    cpu_seconds: int = 5
    wall_seconds: int = 10
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a cell found. `body`: a copy, where one was asked for. `grown_kib`: by how much the cell grew;
    `is_filtered`: whether its calls to the kernel were filtered (docs/security.md)."""

    found: dict[str, Any]
    body: bytes
    grown_kib: int
    is_filtered: bool


@dataclass(slots=True)
class _Cell:
    pid: int
    line: socket.socket
    paper: int

    def close(self) -> None:
        self.line.close()
        os.close(self.paper)


class Keeper:
    """One warden, started when the first file comes, and again should it have ended. For many threads."""

    def __init__(self, tasks: str, limits: Limits | None = None) -> None:
        self._tasks, self._limits = tasks, limits or Limits()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen | None = None
        # Cells that looked at a file and may look at another.
        self._used: list[_Cell] = []
        self._lock, self._turns = threading.Lock(), threading.BoundedSemaphore(CELLS)

    def ask(self, task: str, content: bytes, *, is_alone: bool = False, **options: Any) -> Answer:
        """Have `task` look at `content` in a cell; `is_alone`: in one that saw no file before.

        Raises Unsafe; OSError where no warden can be started.
        """
        head = packed({"task": task, "options": options, "size": len(content)})
        with self._turns:
            try:
                return self._ask(head, content, is_alone)
            except Unsafe as error:
                if error.why != "crash":
                    raise
                # The file before may be to blame, or whoever killed the warden: once more, in a new cell.
                return self._ask(head, content, is_alone=True)

    def close(self) -> None:
        with self._lock:
            self._end()

    def forget(self) -> None:
        """As new: in a forked child the warden is its parent's, and must not be kept alive from here."""
        for cell in self._used:
            cell.close()
        if self._control is not None:
            self._control.close()
        self._control, self._process, self._used = None, None, []
        self._lock, self._turns = threading.Lock(), threading.BoundedSemaphore(CELLS)

    def _ask(self, head: bytes, content: bytes, is_alone: bool) -> Answer:
        cell = self._take_cell(is_alone)
        is_last = True
        try:
            _lay_out(cell.paper, content)
            answer, is_last = self._talk(cell, head)
        finally:
            if is_last or is_alone:
                cell.close()
            else:
                with self._lock:
                    self._used.append(cell)
        return answer

    def _talk(self, cell: _Cell, head: bytes) -> tuple[Answer, bool]:
        started = time.monotonic()
        deadline = started + self._limits.wall_seconds

        def take(most: int) -> bytes:
            cell.line.settimeout(max(0.001, deadline - time.monotonic()))
            return cell.line.recv(most)

        try:
            cell.line.settimeout(self._limits.wall_seconds)
            cell.line.sendall(head)
            said, body = received(take)
        except TimeoutError:
            self._have_killed(cell.pid)
            raise Unsafe("time") from None
        except (Broken, OSError):
            is_over = time.monotonic() - started >= self._limits.cpu_seconds - 0.5
            raise Unsafe("time" if is_over else "crash") from None
        if isinstance(failed := said.get("failed"), str):
            raise Unsafe(failed[:60])
        found, grown = said.get("found"), said.get("grown_kib")
        if not isinstance(found, dict) or not isinstance(grown, int):
            raise Unsafe("nonsense")
        return Answer(found, body, grown, said.get("is_filtered") is True), said.get("is_last") is not False

    def _take_cell(self, is_alone: bool) -> _Cell:
        """A ready cell. A warden that ended is started again, once."""
        with self._lock:
            if self._used and not is_alone:
                return self._used.pop()
            try:
                return self._handed_out()
            except OSError:
                self._end()
                return self._handed_out()

    def _handed_out(self) -> _Cell:
        control = self._control or self._start()
        control.sendall(b".")
        word, descriptors, _flags, _address = socket.recv_fds(control, 4, 2)
        if len(word) != 4 or len(descriptors) != 2:
            for descriptor in descriptors:
                os.close(descriptor)
            raise OSError("the process that opens documents ended")
        return _Cell(struct.unpack(">I", word)[0], socket.socket(fileno=descriptors[0]), descriptors[1])

    def _have_killed(self, pid: int) -> None:
        with self._lock:
            if self._control is not None:
                with suppress(OSError):  # the warden ended, and its cells with it
                    self._control.sendall(b"-" + struct.pack(">I", pid))

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        paths = json.dumps([_ROOT, *(path for path in sys.path if path and path != _ROOT)])
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
                [
                    *(sys.executable, "-I", "-B", "-c", _START, paths),
                    *(str(theirs.fileno()), self._tasks, json.dumps(asdict(self._limits))),
                ],
                # No secret of the portal's, and no memory set apart for threads that there are not.
                env={"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        ours.settimeout(START_SECONDS)
        try:
            received(ours.recv)
        except (Broken, TimeoutError) as error:
            ours.close()
            self._end()
            raise OSError("the process that opens documents does not start") from error
        ours.settimeout(None)
        self._control = ours
        return ours

    def _end(self) -> None:
        control, process, used = self._control, self._process, self._used
        self._control, self._process, self._used = None, None, []
        for cell in used:
            cell.close()
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            process.wait()


def _lay_out(paper: int, content: bytes) -> None:
    place, rest = 0, memoryview(content)
    while rest:
        written = os.pwrite(paper, rest, place)
        place, rest = place + written, rest[written:]


KEEPER = Keeper("kyc.jail.tasks")
os.register_at_fork(after_in_child=KEEPER.forget)
atexit.register(KEEPER.close)


def ask(task: str, content: bytes, *, is_alone: bool = False, **options: Any) -> Answer:
    """Have a cell look at a file; `task` is a name of `kyc.jail.tasks.TASKS`. See `Keeper.ask`."""
    return KEEPER.ask(task, content, is_alone=is_alone, **options)
