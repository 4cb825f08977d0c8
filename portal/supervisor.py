"""Keeps a few programs running: starts them, passes on what they print, restarts what ends, stops all.

One thread and one loop: programs are started with a death signal, which Linux ties to the starting
thread, and what is done between fork and exec must not meet another thread's lock.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from portal.signs_of_life import ADDRESS, PERIOD, SIGNS_A_PERIOD, Listener

# Seconds between asking a program to stop and killing it: a delivery in flight may end in it.
GRACE_SECONDS = 30.0
# The pause before a restart doubles from the first to the last of these seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# A program that ran this long was well; its next end starts again at the first pause.
WELL_AFTER_SECONDS = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
# How long an unfinished line may grow before it is passed on as it is.
LONGEST_LINE = 64_000


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep running.

    `announcement` is said once: when `port` answers, or at once without one; "" where it says so itself.
    `patience`: it gives signs of life, and is killed when it gave none for so many seconds.
    """

    name: str
    command: Sequence[str]
    announcement: str
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float | None = None


class _Running:
    """One program's life: its process, what it printed and did not finish, and when to start it next."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.unfinished = b""
        self.pause = FIRST_PAUSE
        self.started_at = 0.0
        self.start_at: float | None = 0.0
        self.is_announced = not program.announcement
        self.listener = Listener(program.patience) if program.patience else None

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process is not None and self.process.stdout is not None  # noqa: PT018 - started with a pipe
        return self.process.stdout


class Supervisor:
    """Runs `programs` until Ctrl-C, SIGTERM or a closed terminal; `say` gets (name, line)."""

    def __init__(
        self,
        programs: Sequence[Program],
        say: Callable[[str, str], None],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._running = [_Running(program) for program in programs]
        self._say = say
        self._grace = grace_seconds
        self._selector = selectors.DefaultSelector()
        self._stops_asked = 0
        self._listened_at = time.monotonic()

    def run(self) -> None:
        """Start everything and return when all of it has ended after a stop was asked for."""
        wake_reader, wake_writer = socket.socketpair()
        wake_reader.setblocking(False)
        wake_writer.setblocking(False)
        former_wakeup = signal.set_wakeup_fd(wake_writer.fileno(), warn_on_full_buffer=False)
        former = {
            number: signal.signal(number, self._on_signal)
            for number in STOP_SIGNALS
            # Whoever starts it under nohup wants it to stay when the terminal closes.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
        }
        former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake_reader, selectors.EVENT_READ)
        try:
            while not self._stops_asked:
                self._start_due()
                self._announce()
                self._wait(self._seconds_to_next_step())
                self._kill_the_silent()
                self._reap()
            self._stop()
        finally:
            self._kill()
            signal.set_wakeup_fd(former_wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
            for running in self._running:
                if running.listener:
                    running.listener.close()
            self._selector.close()
            wake_reader.close()
            wake_writer.close()

    def _on_signal(self, number: int, frame: object) -> None:
        self._stops_asked += 1

    # --- Starting -------------------------------------------------------------------------------

    def _start_due(self) -> None:
        now = time.monotonic()
        for running in self._running:
            if running.start_at is not None and running.start_at <= now:
                self._start(running, now)

    def _start(self, running: _Running, now: float) -> None:
        program = running.program
        signs = {}
        if running.listener:
            running.listener.forget()
            signs = running.listener.environment
        running.process = subprocess.Popen(  # noqa: S603 - our own command lines
            list(program.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**_own_environment(), "PYTHONUNBUFFERED": "1", **program.environment, **signs},
            # Ctrl-C reaches the supervisor alone, which then stops everything in good order.
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid()),
        )
        os.set_blocking(running.stdout.fileno(), False)
        self._selector.register(running.stdout, selectors.EVENT_READ, running)
        running.started_at, running.start_at, running.unfinished = now, None, b""

    def _announce(self) -> None:
        for running in self._running:
            if running.is_announced or running.process is None:
                continue
            port = running.program.port
            if port is None or _answers(port):
                running.is_announced = True
                self._say(running.program.name, running.program.announcement)

    # --- The loop -------------------------------------------------------------------------------

    def _seconds_to_next_step(self) -> float | None:
        if any(not running.is_announced for running in self._running):
            return 0.1
        now = time.monotonic()
        waits = [running.start_at - now for running in self._running if running.start_at is not None]
        waits += [running.listener.patience / SIGNS_A_PERIOD for running in self._running if running.listener]
        return max(0.0, min(waits)) if waits else None

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, _Running):
                self._pass_on(key.data)
            else:
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(4096)  # type: ignore[union-attr]

    def _kill_the_silent(self) -> None:
        """A program that gives no sign of life any more is frozen, and may hold what others wait for."""
        passed, self._listened_at = time.monotonic() - self._listened_at, time.monotonic()
        for running in self._running:
            listener, process = running.listener, running.process
            if listener and process and listener.listen(passed) and process.poll() is None:
                self._say(running.program.name, f"gave no sign of life for {listener.patience:.0f} s; killed")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _pass_on(self, running: _Running) -> bool:
        """Say the lines that wait in the pipe; False when nothing does or it has ended."""
        try:
            chunk = os.read(running.stdout.fileno(), 65_536)
        except BlockingIOError:
            return False
        if not chunk:
            self._selector.unregister(running.stdout)
            running.stdout.close()
        *lines, running.unfinished = (running.unfinished + chunk).split(b"\n")
        if (not chunk or len(running.unfinished) > LONGEST_LINE) and running.unfinished:
            lines.append(running.unfinished)
            running.unfinished = b""
        for line in lines:
            self._say(running.program.name, line.decode(errors="replace").rstrip())
        return bool(chunk)

    def _reap(self) -> None:
        """Notice what has ended and set the time of its restart."""
        for running in self._running:
            process = running.process
            if process is None or process.poll() is None:
                continue
            self._drain(running)
            running.process = None
            now = time.monotonic()
            if now - running.started_at >= WELL_AFTER_SECONDS:
                running.pause = FIRST_PAUSE
            running.start_at = now + running.pause
            if not self._stops_asked:
                how = _how_it_ended(process.returncode)
                self._say(running.program.name, f"ended ({how}); starting it again in {running.pause:.0f} s")
            running.pause = min(running.pause * 2, LONGEST_PAUSE)

    def _drain(self, running: _Running) -> None:
        """Pass on the last lines. What a grandchild that lives on prints later is lost: it has no end."""
        stdout = running.stdout
        while not stdout.closed and self._pass_on(running):
            pass
        if not stdout.closed:
            self._selector.unregister(stdout)
            stdout.close()

    # --- Stopping -------------------------------------------------------------------------------

    def _stop(self) -> None:
        """SIGTERM to all, and a wait: until they end, the grace is over, or a second stop is asked for."""
        alive = self._alive()
        if alive:
            names = ", ".join(running.program.name for running in alive)
            self._say("portal", f"stopping {names} (up to {self._grace:.0f} s; Ctrl-C again stops at once)")
        for running in alive:
            assert running.process is not None
            running.process.terminate()
        until = time.monotonic() + self._grace
        # The first ask brought us here; a second one counts from then on, even before the first SIGTERM.
        while self._alive() and time.monotonic() < until and self._stops_asked < 2:
            self._wait(min(0.5, max(0.0, until - time.monotonic())))
            self._reap()

    def _kill(self) -> None:
        for running in self._alive():
            assert running.process is not None
            self._say(running.program.name, "did not stop in time; killed")
            # Its whole session: what it started itself must not outlive it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
            self._drain(running)

    def _alive(self) -> list[_Running]:
        return [r for r in self._running if r.process is not None and r.process.poll() is None]


def _own_environment() -> dict[str, str]:
    """Ours, without what our own supervisor gave us to be heard by."""
    return {name: value for name, value in os.environ.items() if name not in (ADDRESS, PERIOD)}


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    return f"killed by {signal.Signals(-code).name}"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask for SIGTERM when the supervisor is killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed between fork and this line
            os._exit(1)

    return ask
