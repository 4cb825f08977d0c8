"""Entries are linked once each, in a chain, by whoever comes; heads are signed and exported."""

import datetime
import json
import threading
import uuid
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts import audit, sealing
from accounts.audit_exports import read_exports
from accounts.audit_rows import AuditEntry, AuditHead, AuditLink, AuditSeal
from accounts.audit_verifying import verify
from accounts.models import User
from accounts.sealing import backlog, seal
from accounts.sealing_bytes import spelled_entries
from accounts.sealing_heads import last_head
from accounts.sealing_key import trusted_keys

ONE = "1:" + "QUFB" * 10 + "QUE="
TWO = f"{ONE},2:" + "QkJC" * 10 + "QkI="


def write(count: int = 1, **fields) -> None:
    machine = User.objects.machine()
    with transaction.atomic():
        audit.record_many(
            audit.entry(
                actor=machine, action="merchant.pull", subject_type="merchant", subject_id=None, **fields
            )
            for _ in range(count)
        )


def linked() -> list[int]:
    return list(AuditLink.objects.order_by("position").values_list("entry_id", flat=True))


def entries() -> list[int]:
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


def findings(**options) -> list[str]:
    found = verify(read_exports().heads, trusted=options.pop("trusted", trusted_keys()), **options)
    return [finding.code for finding in found.findings]


def test_each_entry_is_linked_once_in_the_order_of_its_number(db, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 3)
    write(7)
    assert seal().entries == 7
    write(2)
    assert seal().entries == 2
    assert seal().entries == 0
    assert linked() == entries()
    assert list(AuditLink.objects.order_by("position").values_list("position", flat=True)) == [*range(1, 10)]
    assert findings() == []


def test_the_same_entry_is_spelled_the_same_on_both_databases(db, machine):
    """What is hashed on SQLite is hashed on PostgreSQL: a trail can be moved from one to the other."""
    at = datetime.datetime(2026, 3, 1, 8, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    actor = User.objects.create_user("x@example.com", id=uuid.UUID("0b0e7e3e000040008000" + "00000000000a"))
    audit.record(
        actor=actor,
        action="customer.change",
        subject_type="customer",
        subject_id=None,
        at=at,
        reason="Größe “ab” \\ \n",
        details={"z": 1, "a": [True, None, {"ü": "\u20ac"}], "long": 10**17},
        changes={"stage": ["draft", "complete"]},
    )
    (pk,) = entries()
    request_id = AuditEntry.objects.get().request_id
    spelled = spelled_entries([pk])[pk]
    assert spelled.at == "2026-03-01 06:30:00"
    assert json.loads(spelled.content) == [
        *(pk, "2026-03-01 06:30:00", "0b0e7e3e000040008000" + "00000000000a", "", "customer.change", "done"),
        *("command", request_id, "", "customer", None, None, "Größe “ab” \\ \n"),
        '{"a":[true,null,{"\\u00fc":"\\u20ac"}],"long":100000000000000000,"z":1}',
        '{"stage":["draft","complete"]}',
    ]


def test_a_head_is_signed_when_it_is_due_and_exported_under_a_name_of_its_own(db, settings):
    write(3)
    first = seal()
    assert (first.head, first.exported) == (1, 1)
    write(2)
    assert seal().head is None, "a minute has not passed"
    assert seal(signs=True).head == 2
    assert seal(signs=True).head is None, "nothing was added"
    heads = read_exports().heads
    assert [(head.number, head.position) for head in heads] == [(1, 3), (2, 5)]
    assert heads[1].previous == heads[0].digest
    folder = Path(settings.STORAGES["audit_heads"]["OPTIONS"]["location"])
    assert len(list(folder.glob("key-*.pem"))) == 1
    assert len(list(folder.rglob("head-*.json"))) == 2
    assert findings() == []


def test_an_idle_trail_is_signed_every_hour(db, monkeypatch):
    write()
    seal()
    hours_later = timezone.now() + datetime.timedelta(hours=1, seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: hours_later)
    assert seal().head == 2
    assert seal().head is None


class Full(storages["default"].__class__):
    def save(self, *_args, **_options):
        raise OSError("no space left")


def test_a_head_that_could_not_be_exported_is_exported_by_the_next_run(db, monkeypatch):
    write()
    with monkeypatch.context() as broken:
        broken.setattr(type(storages["audit_heads"]), "save", Full.save)
        with pytest.raises(OSError, match="no space"):
            seal()
    assert (AuditHead.objects.count(), linked()) == (1, entries())
    assert backlog().heads_to_export == 1
    assert (seal().exported, backlog().heads_to_export) == (1, 0)
    assert findings() == []


def test_the_backlog_tells_how_long_the_oldest_entry_waits(db):
    assert backlog().oldest is None
    at = timezone.now() - datetime.timedelta(minutes=7)
    write(at=at)
    write()
    assert backlog().oldest == at
    assert backlog().seconds(at + datetime.timedelta(seconds=9)) == 9
    seal()
    assert backlog().oldest is None


def test_heads_of_a_key_that_is_gone_are_trusted_through_the_next_one(db, settings):
    settings.PORTAL_KEYS = ONE
    write()
    seal(signs=True)
    settings.PORTAL_KEYS = TWO
    write()
    seal(signs=True)
    assert findings() == []
    assert findings(trusted=frozenset({last_head().key})) == []
    settings.PORTAL_KEYS = ONE
    assert "head_of_another_key" in findings()


def test_after_a_restore_into_a_cluster_that_counts_anew_everything_is_linked(db):
    """The rows it brought along carry numbers that this cluster's transactions have not reached."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite counts no transactions")
    write(3)
    seal(signs=True)
    write(2)
    ahead = 10**15
    AuditSeal.objects.update(open_txid=ahead)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_audit DISABLE TRIGGER USER")
        cursor.execute("UPDATE accounts_audit SET txid = txid + %s", [ahead])
        cursor.execute("ALTER TABLE accounts_audit ENABLE TRIGGER USER")
    assert seal(signs=True).entries == 2
    assert AuditSeal.objects.get().open_txid < ahead
    write(1)
    assert seal(signs=True).entries == 1
    assert linked() == entries()
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_committed_after_a_later_one_was_sealed_is_not_forgotten():
    """On PostgreSQL numbers are given before the commit."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: who is later has the higher number")
    write()
    seal()
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                audit.record(actor=None, action="slow", subject_type="user", subject_id=None)
                written.set()
                go_on.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert written.wait(20)
        write()
        assert seal(signs=True).entries == 1
    finally:
        go_on.set()
        thread.join()
    assert findings() == []
    assert seal(signs=True).entries == 1
    first, slow_one, later = entries()
    assert linked() == [first, later, slow_one]
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_sealers_and_writers_side_by_side_leave_one_chain_over_everything(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 5)
    User.objects.machine()
    faults: list[BaseException] = []

    def work(do, times: int) -> None:
        try:
            for _ in range(times):
                do()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(lambda: write(4), 10)) for _ in range(3)]
    threads += [threading.Thread(target=work, args=(lambda: seal(signs=True), 8)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    seal(signs=True)
    assert sorted(linked()) == entries()
    assert len(entries()) == 120
    assert findings() == []
