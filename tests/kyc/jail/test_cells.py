"""A cell: whatever a file makes the process do that opens it, it comes to nothing and harms nobody."""

import os
import platform
import struct
import subprocess
import sys
import threading
import time

import pytest

from kyc.jail.keeper import KEEPER, Keeper, Limits, Unsafe, ask
from kyc.jail.system_calls import filter_for
from tests import house
from tests.kyc import files
from tests.kyc.jail.hostile import DEEDS

has_filter = bool(filter_for(platform.machine())) and sys.platform == "linux"
needs_filter = pytest.mark.skipif(not has_filter, reason="no filter for this machine's kernel")


@pytest.fixture(scope="module")
def keeper():
    keeper = Keeper("tests.kyc.jail.hostile", Limits(cpu_seconds=1, wall_seconds=2))
    yield keeper
    keeper.close()


@pytest.fixture
def unfiltered():
    keeper = Keeper("tests.kyc.jail.hostile_without_filter", Limits(cpu_seconds=1, wall_seconds=2))
    yield keeper
    keeper.close()


def why(keeper, task, content=b""):
    with pytest.raises(Unsafe) as unsafe:
        keeper.ask(task, content)
    return unsafe.value.why


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@needs_filter
@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_a_cell_may_not(keeper, deed):
    answer = keeper.ask("attempt", deed.encode())
    assert answer.is_filtered
    assert answer.found["outcome"] in ("PermissionError", "OSError", "BlockingIOError", "ValueError")


@pytest.mark.parametrize(
    "deed", ["read a file", "read its program", "write a file", "open a socket", "list a folder"]
)
def test_without_a_filter_the_limits_still_forbid_files_and_sockets(unfiltered, deed):
    answer = unfiltered.ask("attempt", deed.encode())
    assert not answer.is_filtered
    assert answer.found["outcome"] == "OSError"


def test_without_a_filter_a_signal_could_be_sent(unfiltered):
    """What the filter is for: the test above would pass without it."""
    assert unfiltered.ask("attempt", b"signal its parent").found["outcome"] == "done"


def test_a_cell_knows_nothing_of_the_portals_environment(monkeypatch):
    monkeypatch.setenv("PORTAL_KEYS", "1:secret")
    keeper = Keeper("tests.kyc.jail.hostile")
    try:
        found = keeper.ask("environment", b"").found
    finally:
        keeper.close()
    assert "PORTAL_KEYS" not in found["names"]
    assert set(found["names"]) <= {"LC_ALL", "LC_CTYPE", "MALLOC_ARENA_MAX"}


def test_a_file_that_never_ends_is_given_up_by_its_seconds_of_work(keeper):
    started = time.process_time()
    assert why(keeper, "spin") == "time"
    assert time.process_time() - started < 1


def test_a_file_that_waits_is_given_up_by_the_clock_and_its_cell_ended(keeper):
    pid = keeper.ask("who", b"").found["pid"]
    assert why(keeper, "hang") == "time"
    for _ in range(100):
        if not is_alive(pid):
            break
        time.sleep(0.05)
    assert not is_alive(pid)


def test_a_file_that_wants_all_memory_is_given_up():
    # With time to spare: on a busy machine it is memory, not time, that ends it.
    keeper = Keeper("tests.kyc.jail.hostile", Limits(cpu_seconds=5, wall_seconds=30))
    try:
        assert why(keeper, "grow") == "memory"
    finally:
        keeper.close()


def test_a_crash_costs_the_file_and_nothing_else(keeper):
    assert why(keeper, "crash") == "crash"
    assert keeper.ask("who", b"abc").found["length"] == 3


def test_an_error_is_told_by_its_name_and_not_by_what_it_says(keeper):
    assert why(keeper, "fail", b"Lerato Mokoena") == "KeyError"


@pytest.mark.parametrize(
    "said",
    [
        b"\xff" * 8,
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 4, 0) + b"true",
        struct.pack(">II", 9, 0) + b'{"found":',
        struct.pack(">II", 20_000, 0) + b"[" * 20_000,
        struct.pack(">II", 12, 0) + b'{"found": 1}',
    ],
    ids=["too long", "a list", "a word", "cut off", "deep", "no object"],
)
def test_what_a_cell_babbles_is_not_believed(keeper, said):
    assert why(keeper, "babble", said) in ("crash", "nonsense", "time")


def test_an_answer_of_another_shape_is_nonsense(keeper):
    assert why(keeper, "lie") == "nonsense"


def test_a_cell_looks_at_some_files_and_is_replaced(keeper):
    pids = [keeper.ask("who", b"x" * place).found["pid"] for place in range(60)]
    assert 3 <= len(set(pids)) <= 6
    assert max(pids.count(pid) for pid in pids) <= 20


def test_a_file_may_have_a_cell_to_itself(keeper):
    used = {keeper.ask("who", b"x").found["pid"] for _ in range(3)}
    alone = [keeper.ask("who", b"x", is_alone=True).found["pid"] for _ in range(3)]
    assert len(set(alone)) == 3
    assert not set(alone) & used


def test_a_cell_sees_the_file_it_is_asked_about_and_no_more(keeper):
    for content in (b"\xff" * 100_000, b"\x01" * 10, b""):
        found = keeper.ask("who", content).found
        assert (found["length"], found["sum"]) == (len(content), sum(content))


def test_many_threads_ask_side_by_side(keeper):
    wrong = []

    def work(number):
        for _ in range(20):
            content = bytes([number]) * (number * 1000 + 1)
            if keeper.ask("who", content).found["sum"] != sum(content):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_warden_that_was_killed_is_replaced(keeper):
    keeper.ask("who", b"")
    keeper._process.kill()
    keeper._process.wait()
    assert keeper.ask("who", b"abc").found["length"] == 3
    assert keeper.ask("who", b"abc", is_alone=True).found["length"] == 3


def test_a_warden_that_does_not_start_is_an_error_of_ours_and_not_the_files():
    keeper = Keeper("tests.kyc.jail.no_such_module")
    with pytest.raises(OSError, match="does not start"):
        keeper.ask("who", b"")


def test_a_forked_child_has_a_warden_of_its_own():
    ask("picture", files.jpeg())
    ours = KEEPER._process.pid
    there, here = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            size = ask("picture", files.jpeg()).found["size"]
            os.write(here, f"{size} {KEEPER._process.pid}".encode())
            KEEPER.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    text = os.read(there, 100).decode()
    os.close(there)
    os.close(here)
    assert text.startswith("[1200, 850] ")
    assert not text.endswith(f" {ours}")
    assert ask("picture", files.jpeg()).found["size"] == [1200, 850]


def test_a_killed_portal_leaves_no_warden_and_no_cell_behind():
    program = (
        "import os, signal; from kyc.jail.keeper import KEEPER; from tests.kyc.jail import hostile\n"
        "from kyc.jail.keeper import Keeper\n"
        "keeper = Keeper('tests.kyc.jail.hostile')\n"
        "print(keeper.ask('who', b'').found['pid'], keeper._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=house.PROJECT, capture_output=True, text=True)
    left = [int(pid) for pid in said.stdout.split()]
    assert len(left) == 2
    for _ in range(100):
        if not any(map(is_alive, left)):
            break
        time.sleep(0.05)
    assert not any(map(is_alive, left))


def test_a_cell_of_the_product_is_given_five_seconds_ten_by_the_clock_and_half_a_gigabyte():
    assert Limits() == Limits(cpu_seconds=5, wall_seconds=10, memory_bytes=512 * 1024 * 1024)
    assert KEEPER._limits == Limits()


def test_what_runs_in_a_cell_loads_neither_django_nor_the_portal():
    program = (
        "import sys, kyc.jail.tasks, kyc.jail.warden;"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in "
        "('django', 'portal', 'accounts', 'customers', 'vault', 'exchange') or name.startswith('kyc.gate')))"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=house.PROJECT, capture_output=True, text=True)
    assert (said.stdout.strip(), said.stderr) == ("[]", "")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_refuses_whatever_it_does_not_name(machine):
    """The little machine of the filter, run by hand: number by number, and for another processor's calls."""
    from kyc.jail import system_calls

    steps = [
        struct.unpack_from("HBBI", filter_for(machine), place)
        for place in range(0, len(filter_for(machine)), 8)
    ]
    architecture, calls = system_calls._ALLOWED[machine]

    def answer(number, said=architecture):
        place = value = 0
        while True:
            code, if_so, if_not, argument = steps[place]
            place += 1
            if code == 0x20:
                value = said if argument == 4 else number
            elif code == 0x15:
                place += if_so if value == argument else if_not
            else:
                return argument

    assert {number for number in range(600) if answer(number) == 0x7FFF0000} == set(calls.values())
    assert answer(1 << 30) == 0x00050001
    assert answer(0, said=0x40000003) == 0x80000000
