"""Whatever is done to the audit trail behind the product's back is found, and where."""

import datetime
import os
import random
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit_exports import read_exports
from accounts.audit_rows import AuditEntry, AuditHead, AuditLink
from accounts.audit_verifying import LATE, WAITING, Verified, verify
from accounts.models import User
from accounts.sealing import seal
from accounts.sealing_heads import read_head
from accounts.sealing_key import trusted_keys
from tests.accounts.audit_tampering import WAYS, _copy_row, ids, tamper
from tests.accounts.audit_trail import triggers_off

# More, and on a longer trail, with AUDIT_CHANGES and AUDIT_ENTRIES.
CHANGES = int(os.environ.get("AUDIT_CHANGES", "1000"))
ENTRIES = int(os.environ.get("AUDIT_ENTRIES", "40"))
HEADS = 4


@pytest.fixture
def trail(db):
    """Entries of every kind, sealed under several heads."""
    machine = User.objects.machine()
    dice = random.Random(4)
    for _ in range(HEADS):
        with transaction.atomic():
            audit.record_many(
                audit.entry(
                    actor=dice.choice([machine, machine, None]),
                    action=dice.choice(["customer.change", "document.download", "session.begun"]),
                    merchant_uid=dice.choice(["", "CCT0000000001"]),
                    subject_type="customer",
                    subject_id=dice.choice([None, uuid.UUID(int=dice.getrandbits(128))]),
                    customer_id=dice.choice([None, uuid.UUID(int=dice.getrandbits(128))]),
                    reason=dice.choice(["", "as the customer asked"]),
                    details=dice.choice([{}, {"count": 3}, {"fields": ["city"], "version": 2}]),
                    changes=dice.choice([{}, {"city": ["~1f", "~2e"]}]),
                    outcome=dice.choice(["done", "done", "refused"]),
                )
                for _ in range(ENTRIES // HEADS)
            )
        seal(signs=True)
    assert AuditHead.objects.count() == HEADS


def checked(exported=None, **options) -> Verified:
    return verify(
        read_exports().heads if exported is None else exported,
        trusted=options.pop("trusted", None) or trusted_keys(),
        **options,
    )


def codes(**options) -> set[str]:
    return {finding.code for finding in checked(**options).findings}


def test_an_untouched_trail_is_sound(trail):
    found = checked()
    assert found.findings == []
    assert (found.links, found.heads, found.waiting) == (ENTRIES, HEADS, 0)


def test_of_a_thousand_random_changes_a_thousand_are_found(trail):
    exported, missed, unnamed, done = read_exports().heads, [], [], set()
    with triggers_off():
        for seed in range(CHANGES):
            savepoint = transaction.savepoint()
            what, entry = tamper(random.Random(seed))
            found = checked(exported).findings
            transaction.savepoint_rollback(savepoint)
            done.add(what.removesuffix(" and rewrote the chain").partition(",")[0])
            if not found:
                missed.append((seed, what))
            elif entry is not None and entry not in {finding.entry for finding in found}:
                unnamed.append((seed, what, entry, found))
    assert (missed, unnamed) == ([], [])
    assert CHANGES < 1000 or len(done) > len(WAYS)
    assert checked(exported).findings == []


def test_what_comes_into_the_chain_long_after_its_own_time_is_named(trail):
    """Whoever writes an entry of yesterday today, and lets the sealer seal it."""
    (*_rest, newest) = (read_head(row.payload, row.signature) for row in AuditHead.objects.order_by("number"))
    audit.record(
        actor=None,
        action="customer.change",
        subject_type="customer",
        subject_id=None,
        at=newest.signed_at - LATE - datetime.timedelta(seconds=1),
    )
    seal(signs=True)
    (finding,) = checked().findings
    assert (finding.code, finding.entry, finding.position) == ("entry_late", ids()[-1], ENTRIES + 1)


def test_entries_that_wait_for_the_sealer_are_no_fault_until_they_wait_too_long(trail, monkeypatch):
    audit.record(actor=None, action="user.created", subject_type="user", subject_id=None)
    assert (checked().findings, checked().waiting) == ([], 1)
    later = timezone.now() + WAITING + datetime.timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert codes() == {"entry_unsealed"}


def test_a_head_that_was_not_exported_for_long_is_named(trail, monkeypatch):
    *exported, _last = read_exports().heads
    assert checked(exported).findings == []
    later = timezone.now() + WAITING + datetime.timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert [(f.code, f.head) for f in checked(exported).findings] == [("export_missing", HEADS)]
    first, _second, *others = read_exports().heads
    assert [(f.code, f.head) for f in checked([first, *others]).findings] == [("export_missing", 2)]


def test_an_auditors_own_copy_of_one_head_is_enough_to_find_a_rewritten_trail(trail, settings):
    """Database, keys and exports in one wrong hand: only what was carried away before is left to ask."""
    copy = read_exports().heads[1:2]
    with triggers_off():
        for model in (AuditEntry, AuditLink, AuditHead):
            model.objects.all().delete()
    audit.record(actor=None, action="user.created", subject_type="user", subject_id=None)
    seal(signs=True)
    assert {finding.code for finding in checked(copy).findings} >= {"head_lost", "chain_cut_off"}


def test_after_a_restore_the_lost_heads_are_told_and_are_no_finding(trail):
    kept = AuditHead.objects.get(number=2)
    position = read_head(kept.payload, kept.signature).position
    with triggers_off():
        AuditHead.objects.filter(number__gt=2).delete()
        gone = AuditLink.objects.filter(position__gt=position)
        AuditEntry.objects.filter(pk__in=list(gone.values_list("entry_id", flat=True))).delete()
        gone.delete()
    restored_at = timezone.now()
    audit.record(actor=None, action="user.created", subject_type="user", subject_id=None)
    seal(signs=True)
    assert "head_lost" in codes()
    found = checked(restored_at=restored_at)
    assert (found.findings, found.lost) == ([], 2)


# The command.


def command(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_nothing_was_altered(trail):
    code, said = command()
    assert code == 0
    assert f"{ENTRIES} sealed entries and {HEADS} heads checked" in said
    assert "Nothing was altered." in said


def test_the_command_says_where_and_ends_with_one(trail):
    pk = ids()[5]
    with triggers_off():
        AuditEntry.objects.filter(pk=pk).update(reason="forged")
    code, said = command()
    assert code == 1
    assert f"Entry {pk}, position 6: is not what was sealed there" in said


def test_the_command_names_a_table_that_lost_its_guard(trail):
    with triggers_off():
        code, said = command()
    assert code == 1
    assert "The table accounts_audit takes changes" in said


def test_the_command_reads_a_copy_of_the_heads_and_trusts_a_named_key_alone(trail, settings, tmp_path):
    folder = Path(settings.STORAGES["audit_heads"]["OPTIONS"]["location"])
    (key,) = folder.glob("key-*.pem")
    assert command("--heads", str(folder), "--public-key", str(key))[0] == 0
    settings.PORTAL_KEYS = "1:" + "QUFB" * 10 + "QUE="
    assert command("--heads", str(folder), "--public-key", str(key))[0] == 0
    assert "[head_of_another_key]" in command("--heads", str(folder))[1]
    with pytest.raises(CommandError, match="holds no Ed25519 public key"):
        command("--public-key", str(next(folder.rglob("head-*.json"))))
    with pytest.raises(CommandError, match="is no folder"):
        command("--heads", str(tmp_path / "nowhere"))


def test_a_file_among_the_heads_that_is_none_is_named(trail, settings):
    folder = Path(settings.STORAGES["audit_heads"]["OPTIONS"]["location"])
    (folder / "head-x.json").write_text("{}")
    code, said = command()
    assert code == 1
    assert "The exported file head-x.json is no head." in said


def test_a_copied_entry_with_a_new_number_is_like_any_new_one(trail):
    """What a holder of the database adds at the end is not to be told from an entry (docs/security.md)."""
    with triggers_off():
        _copy_row(ids()[0], ids()[-1] + 1, at=timezone.now())
    seal(signs=True)
    assert checked().findings == []
