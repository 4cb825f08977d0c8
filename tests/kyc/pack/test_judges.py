"""A second process that judges: the same results, whether it is there, is not, or is gone halfway."""

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
from kyc.pack import importing, judges

pack, report, way = sys.argv[1:]
judges.WORTH_A_PROCESS, judges.AT_ONCE = (10**9 if way == "here" else 1), 5
us, seen, real = os.getpid(), [], importing.judge_unit
def judge_unit(unit, **options):
    seen.append(unit.reference)
    if way == "killed" and os.getpid() != us and len(seen) > 12:
        os._exit(9)
    return real(unit, **options)
importing.judge_unit = judge_unit
try:
    if way == "twice":
        with contextlib.suppress(SystemExit):
            call_command("import_pack", pack)
    call_command("import_pack", pack, report=Path(report))
except SystemExit as ended:
    code = ended.code
names = sorted([one.reference, one.merchant.uid, one.first_name, one.phone_number]
               for one in Customer.objects.select_related("merchant"))
print(json.dumps([code, len(seen), names]))
"""


@pytest.fixture
def pack(tmp_path):
    people = [person(number) for number in range(1, 31)]
    people[4]["dob"] = "1990-02-31"
    people[20]["occupation"] = "Financer"
    return write_pack(tmp_path / "pack", [*people, business()], [ubo()], [])


def imported(tmp_path, pack, way):
    """Exit code, how many units this process judged, who was entered, and the report."""
    folder = tmp_path / way
    folder.mkdir()
    env = environment(folder, DJANGO_SETTINGS_MODULE="portal.settings", PYTHONPATH=str(ROOT))
    put_tables(folder)
    report = folder / "report"
    words = [sys.executable, "-c", IMPORT, str(pack), str(report), way]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    code, judged_here, names = json.loads(done.stdout.splitlines()[-1])
    rows = {path.name: path.read_text() for path in sorted(report.rglob("*")) if path.is_file()}
    return code, judged_here, names, rows


def test_who_judges_makes_no_difference(tmp_path, pack):
    code, judged_here, names, report = imported(tmp_path, pack, "here")
    assert (code, judged_here, len(names)) == (1, 31, 29)
    assert imported(tmp_path, pack, "beside") == (code, 0, names, report)


def test_who_is_there_already_is_not_entered_anew_though_the_judge_prepared_it(tmp_path, pack):
    code, judged_here, names, _report = imported(tmp_path, pack, "twice")
    assert (code, judged_here) == (1, 0)
    assert len(names) == len({reference for reference, *_rest in names}) == 29


def test_a_judge_that_is_killed_costs_nothing(tmp_path, pack):
    code, judged_here, names, _report = imported(tmp_path, pack, "killed")
    assert (code, len(names)) == (1, 29)
    assert 0 < judged_here < 31


def test_the_bar_on_a_terminal_is_drawn_without_a_thread():
    from kyc.management.commands.import_pack import _Bar

    before = threading.active_count()
    with _Bar() as bar:
        bar.begin(5_000)
        bar.tick(1_000)
        assert threading.active_count() == before
