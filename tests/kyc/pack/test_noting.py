"""Each pack that is handed in leaves one audit row of its own, and a dry run none."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from tests.kyc.pack.packs import person, write_pack

pytestmark = pytest.mark.django_db(transaction=True)


def entries():
    return list(AuditEntry.objects.filter(action="pack.import").values_list("outcome", "reason", "details"))


def test_a_pack_leaves_who_handed_it_in_and_how_much_came_of_it(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(1), person(2, dob="1990-02-31")])
    with pytest.raises(SystemExit):
        call_command("import_pack", str(pack))
    counts = {"accepted": 1, "incomplete": 1, "rejected": 1}
    assert entries() == [("done", "", {"counts": counts})]
    assert AuditEntry.objects.get(action="pack.import").actor == machine


def test_a_pack_that_can_not_be_used_leaves_that(tmp_path, machine):
    path = tmp_path / "customers.csv"
    path.write_bytes(b"reference,email\nX,\xff\xfe\n")
    with pytest.raises(CommandError):
        call_command("import_pack", str(path))
    assert entries() == [("refused", "unreadable", {})]


def test_a_dry_run_leaves_none(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(1)])
    call_command("import_pack", str(pack), "--dry-run")
    assert entries() == []
