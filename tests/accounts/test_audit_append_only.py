"""The database itself refuses to change the audit trail, whoever asks."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts import audit
from accounts.audit_rows import AuditEntry, AuditHead, AuditLink
from tests.accounts.audit_trail import TABLES

KEYS = {"accounts_audit": "id", "accounts_auditlink": "position", "accounts_audithead": "number"}
OTHERS = {"accounts_audit": "reason", "accounts_auditlink": "entry_id", "accounts_audithead": "payload"}


@pytest.fixture
def trail(machine):
    """A row in each of the three tables."""
    audit.record(actor=machine, action="merchant.pull", subject_type="merchant", subject_id=None)
    AuditLink.objects.create(position=1, entry_id=AuditEntry.objects.get().pk, hash=b"h" * 32)
    AuditHead.objects.create(number=1, payload="{}", signature="s")


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def held() -> list:
    return [list(model.objects.values()) for model in (AuditEntry, AuditLink, AuditHead)]


def test_every_table_of_the_trail_is_guarded_by_triggers(db):
    """Found at the end of all migrations: one that makes a table anew would lose them."""
    sql = {
        "sqlite": "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' GROUP BY 1",
        "postgresql": "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgenabled = 'O' GROUP BY 1",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = dict(cursor.fetchall())
    each = {"sqlite": 3, "postgresql": 1}[connection.vendor]
    assert {table: found.get(table) for table in TABLES} == dict.fromkeys(TABLES, each)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = '7'", "DELETE FROM {}"])
def test_no_row_is_changed_or_deleted(trail, table, statement):
    before = held()
    with pytest.raises(DatabaseError, match="append-only"):
        run(statement.format(table, OTHERS[table]))
    assert held() == before


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_replaced_by_another_of_its_key(trail, table):
    before = held()
    key = KEYS[table]
    columns = {
        "accounts_audit": "id, at, roles, action, outcome, channel, request_id, merchant_uid, subject_type,"
        " reason, details, changes",
        "accounts_auditlink": "position, entry_id, hash",
        "accounts_audithead": "number, payload, signature",
    }[table]
    if connection.vendor == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}"
    else:
        system = " OVERRIDING SYSTEM VALUE" if table == "accounts_audit" else ""
        statement = (
            f"INSERT INTO {table} ({columns}){system} SELECT {columns} FROM {table} "
            f"ON CONFLICT ({key}) DO UPDATE SET {OTHERS[table]} = '7'"
        )
    with pytest.raises(DatabaseError, match="append-only"):
        run(statement)
    assert held() == before


def test_the_tables_are_not_emptied(trail):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE: DELETE does it all")
    before = held()
    for table in TABLES:
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"TRUNCATE {table}")
    assert held() == before


def test_the_orm_is_refused_too(trail):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(action="nothing.at.all")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_flush_of_the_installation_is_refused(monkeypatch, machine):
    """`manage.py flush` is what the tests run between themselves; only there the triggers are taken off."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    audit.record(actor=machine, action="merchant.pull", subject_type="merchant", subject_id=None)
    guarded = BaseDatabaseOperations.execute_sql_flush.__closure__[0].cell_contents
    monkeypatch.setattr(BaseDatabaseOperations, "execute_sql_flush", guarded)
    with pytest.raises(CommandError, match="couldn't be flushed"):
        call_command("flush", interactive=False, verbosity=0)
    monkeypatch.undo()
    assert AuditEntry.objects.count() == 1
