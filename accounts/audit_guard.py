"""Whether the database still refuses to change the audit trail."""

from django.db import connection

# What each table is guarded by: the number of triggers (migration `audit_append_only`).
TABLES = ("accounts_audit", "accounts_auditlink", "accounts_audithead")
_TRIGGERS = {"sqlite": 3, "postgresql": 1}
_COUNT = {
    "sqlite": "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name",
    "postgresql": "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger "
    "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') GROUP BY tgrelid",
}


def unguarded_tables() -> list[str]:
    """The tables of the trail that lack a trigger, or whose triggers are switched off."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[connection.vendor])
        found = dict(cursor.fetchall())
    return [table for table in TABLES if found.get(table, 0) < _TRIGGERS[connection.vendor]]
