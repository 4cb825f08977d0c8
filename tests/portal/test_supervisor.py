"""What is kept running: small programs in place of ours, so that each end can be chosen."""

import os
import signal
import socket
import sys
import threading
import time

import pytest

from portal import supervisor
from portal.signs_of_life import Listener
from portal.supervisor import Program, Supervisor

pytestmark = pytest.mark.processes


def python(name, code, **more):
    return Program(name=name, command=[sys.executable, "-c", code], announcement="", **more)


def run_for(programs, *, until, grace=5.0, seconds=20.0):
    """Run them until `until(lines)` holds, then ask for a stop as Ctrl-C does. The lines that were said."""
    lines: list[tuple[str, str]] = []
    is_over = threading.Event()

    def watch():
        end = time.monotonic() + seconds
        while not until(lines) and time.monotonic() < end and not is_over.is_set():
            time.sleep(0.01)
        if not is_over.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=watch)
    watcher.start()
    Supervisor(programs, lambda name, line: lines.append((name, line)), grace_seconds=grace).run()
    is_over.set()
    watcher.join()
    assert until(lines), lines
    return lines


def said(name, text):
    return lambda lines: any(who == name and text in line for who, line in lines)


def test_what_a_program_prints_is_passed_on_under_its_name():
    program = python("talker", "print('one'); print('two'); import time; time.sleep(60)")
    lines = run_for([program], until=said("talker", "two"))
    assert [line for who, line in lines if who == "talker"][:2] == ["one", "two"]


def test_a_program_that_ends_is_started_again_after_longer_and_longer_pauses(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    program = python("faller", "import sys; print('up'); sys.exit(3)")
    lines = run_for([program], until=lambda lines: lines.count(("faller", "up")) >= 3)
    ends = [line for _, line in lines if "ended" in line]
    assert all("exit 3" in line for line in ends)
    assert len(ends) >= 2


def test_its_last_words_are_heard_even_without_an_end_of_line():
    program = python("faller", "import sys; sys.stdout.write('no newline'); sys.exit(1)")
    lines = run_for([program], until=said("faller", "ended (exit 1)"))
    assert ("faller", "no newline") in lines
    assert lines.index(("faller", "no newline")) < next(
        i for i, (_, line) in enumerate(lines) if "ended" in line
    )


def test_a_program_may_finish_its_work_when_asked_to_stop():
    code = (
        "import signal, sys, time\n"
        "def stop(*_): time.sleep(0.3); print('finished', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop); print('ready', flush=True); time.sleep(60)"
    )
    lines = run_for([python("worker", code)], until=said("worker", "ready"))
    assert ("worker", "finished") in lines


def test_a_program_that_does_not_stop_is_killed_after_the_grace():
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    lines = run_for([python("deaf", code)], until=said("deaf", "ready"), grace=0.3)
    assert ("deaf", "did not stop in time; killed") in lines
    assert time.monotonic() - started < 15


def test_a_second_stop_does_not_wait_for_the_grace():
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getppid(), signal.SIGINT))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(60)"
    )
    started = time.monotonic()
    run_for([python("deaf", code)], until=said("deaf", "ready"), grace=60.0)
    assert time.monotonic() - started < 30


def test_the_signals_are_as_before_when_it_returns():
    before = [signal.getsignal(number) for number in supervisor.STOP_SIGNALS]
    run_for(
        [python("talker", "print('up', flush=True); import time; time.sleep(60)")], until=said("talker", "up")
    )
    assert [signal.getsignal(number) for number in supervisor.STOP_SIGNALS] == before


# --- What falls silent -------------------------------------------------------------------------------

GIVES_SIGNS = (
    "import os, signal, time\n"
    "from portal.signs_of_life import give_signs_of_life\n"
    "print('watched' if give_signs_of_life() else 'unwatched', os.getpid(), flush=True)\n"
)
FREEZES = GIVES_SIGNS + "time.sleep(0.5); os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)"


@pytest.fixture
def quick_restarts(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)


def test_a_program_that_is_frozen_is_killed_and_started_again(quick_restarts):
    lines = run_for(
        [python("worker", FREEZES, patience=1.0)],
        until=lambda lines: sum("watched" in line for _, line in lines) >= 2,
    )
    told = [line for who, line in lines if who == "worker"]
    assert "gave no sign of life for 1 s; killed" in told
    assert any("ended (killed by SIGKILL)" in line for line in told)


def test_a_program_that_lives_is_left_alone_however_little_it_says(quick_restarts):
    began = time.monotonic()
    lines = run_for(
        [python("worker", GIVES_SIGNS + "time.sleep(60)", patience=0.8)],
        until=lambda lines: time.monotonic() - began > 4,
    )
    assert not any("killed" in line for _, line in lines)


def test_what_gives_no_signs_is_not_expected_to(quick_restarts):
    began = time.monotonic()
    silent = "import time; print('up', flush=True); time.sleep(60)"
    lines = run_for(
        [python("slow", silent, patience=0.3), python("other", GIVES_SIGNS + "time.sleep(60)")],
        until=lambda lines: time.monotonic() - began > 2,
    )
    assert not any("killed" in line for _, line in lines)
    # Whoever is not watched does not talk to another's socket.
    assert any(line.startswith("unwatched") for who, line in lines if who == "other")


def test_signs_that_were_missed_while_the_supervisor_slept_kill_nobody():
    listener = Listener(patience=10.0)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(b"WATCHDOG=1", listener.environment["NOTIFY_SOCKET"])
        assert not listener.listen(1.0)
        assert not listener.listen(3600.0)
        assert not listener.listen(3600.0)
        assert [listener.listen(2.5) for _ in range(2)] == [False, True]
    finally:
        listener.close()
