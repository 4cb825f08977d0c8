"""Two processes that take turns: the same results with a second one, with none, and with one that is gone."""

import json
import subprocess
import sys
import threading

import pytest

from tests.kyc.pack.packs import business, person, ubo, write_pack
from tests.portal.installation import ROOT, environment
from tests.tables import put_tables

pytestmark = pytest.mark.processes

IMPORT = """
import contextlib, json, os, sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from customers.models import Customer
from kyc.pack import gathering, importing, places

pack, report, way = sys.argv[1:]
importing.WORTH_A_PROCESS = 10**9 if way.endswith("alone") else 1
def closed_before_it_is_copied():
    if any("places.sqlite3" in os.path.realpath(one.path) for one in os.scandir("/proc/self/fd")):
        os._exit(7)
os.register_at_fork(before=closed_before_it_is_copied)
places.STEP = gathering.CHUNK_PLAIN = 5
us, seen, judge, release = os.getpid(), [], importing.judge_unit, importing.release
def judge_unit(unit, **options):
    seen.append(unit.reference)
    if way == "killed as it judges" and os.getpid() != us and len(seen) > 7:
        os._exit(9)
    if way == "fails" and os.getpid() != us and len(seen) > 7:
        raise MemoryError
    return judge(unit, **options)
def release_(*args, **options):
    if way == "killed once it has written" and os.getpid() != us:
        os._exit(9)
    return release(*args, **options)
importing.judge_unit, importing.release = judge_unit, release_
try:
    if way == "twice":
        with contextlib.suppress(SystemExit):
            call_command("import_pack", pack)
    call_command("import_pack", pack, report=Path(report), dry_run=way.startswith("dry"))
except SystemExit as ended:
    code = ended.code
names = sorted([one.reference, one.merchant.uid, one.first_name, one.phone_number]
               for one in Customer.objects.select_related("merchant"))
print(json.dumps([code, len(seen), names]))
"""

TURNS = """
import os, sys, time
import django
django.setup()
from kyc.pack import turns

path, parts, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if way == "no turns":
    turns._is_told = lambda theirs: True
def tell(*words):
    with open(path, "a") as file:
        print(*words, file=file)
def take(part):
    tell("begins", part, os.getpid())
    time.sleep(0.02)
    tell("ends", part, os.getpid())
    return part
turns.take_in_turns(parts, lambda part: part, take, lambda part: tell("result", part), beside=True)
"""


@pytest.fixture
def pack(tmp_path):
    people = [person(number) for number in range(1, 31)]
    people[4]["dob"] = "1990-02-31"
    people[20]["occupation"] = "Financer"
    # Of neighbouring parts: whoever comes later shares a number with somebody who is written by then.
    for earlier, later in ((3, 8), (9, 12), (12, 17), (18, 21)):
        people[later]["phone_number"] = people[earlier]["phone_number"]
    return write_pack(tmp_path / "pack", [*people, business()], [ubo()], [])


def imported(tmp_path, pack, way):
    """Exit code, how many units this process judged, who was entered, what was told, and the report."""
    folder = tmp_path / way.replace(" ", "-")
    folder.mkdir()
    env = environment(folder, DJANGO_SETTINGS_MODULE="portal.settings", PYTHONPATH=str(ROOT))
    put_tables(folder)
    report = folder / "report"
    words = [sys.executable, "-c", IMPORT, str(pack), str(report), way]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    *told, last = done.stdout.replace(str(report), "REPORT").splitlines()
    code, judged_here, names = json.loads(last)
    rows = {path.name: path.read_text() for path in sorted(report.rglob("*")) if path.is_file()}
    return code, judged_here, names, told, rows


def in_turns(tmp_path, parts, way="turns"):
    """What two processes told, in the order of their telling."""
    path = tmp_path / "told"
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="portal.settings", PYTHONPATH=str(ROOT))
    words = [sys.executable, "-c", TURNS, str(path), str(parts), way]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in path.read_text().splitlines()]


def test_who_imports_makes_no_difference(tmp_path, pack):
    code, judged_here, names, told, report = imported(tmp_path, pack, "alone")
    assert (code, judged_here, len(names)) == (1, 31, 29)
    assert sum("same phone number" in line for line in told) == 4
    others = imported(tmp_path, pack, "beside")
    assert others == (code, 16, names, told, report)


def test_a_dry_run_foretells_the_same_of_a_large_pack(tmp_path, pack):
    alone = imported(tmp_path, pack, "dry alone")
    assert sum("same phone number" in line for line in alone[3]) == 4
    assert imported(tmp_path, pack, "dry") == alone


def test_who_is_there_already_is_not_entered_anew_though_it_was_sealed_again(tmp_path, pack):
    code, _judged, names, _told, _report = imported(tmp_path, pack, "twice")
    assert code == 1
    assert len(names) == len({reference for reference, *_rest in names}) == 29


@pytest.mark.parametrize("way", ["killed as it judges", "fails"])
def test_a_second_process_that_is_gone_costs_nothing(tmp_path, pack, way):
    code, judged_here, names, told, report = imported(tmp_path, pack, way)
    assert 16 < judged_here < 31
    assert (code, 31, names, told, report) == imported(tmp_path, pack, "alone")


def test_what_a_second_process_had_written_before_it_was_killed_is_found_there(tmp_path, pack):
    _code, judged_here, names, told, _report = imported(tmp_path, pack, "killed once it has written")
    assert judged_here > 16
    assert len(names) == 29
    assert any("already" in line for line in told)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_takes_and_results_are_in_order_and_no_two_takes_at_once(tmp_path, parts):
    told = in_turns(tmp_path, parts)
    takes = [tuple(words[:2]) for words in told if words[0] != "result"]
    assert takes == [(what, str(part)) for part in range(parts) for what in ("begins", "ends")]
    assert [words[1] for words in told if words[0] == "result"] == [str(part) for part in range(parts)]
    assert len({words[2] for words in told if words[0] == "begins"}) == min(parts, 2)


def test_without_turns_two_would_take_at_once(tmp_path):
    told = in_turns(tmp_path, 7, "no turns")
    takes = [tuple(words[:2]) for words in told if words[0] != "result"]
    assert takes != [(what, str(part)) for part in range(7) for what in ("begins", "ends")]


def test_the_bar_on_a_terminal_is_drawn_without_a_thread():
    from kyc.management.commands.import_pack import _Bar

    before = threading.active_count()
    with _Bar() as bar:
        bar.begin(5_000)
        bar.tick(1_000)
        assert threading.active_count() == before
