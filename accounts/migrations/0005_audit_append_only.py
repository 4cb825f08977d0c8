# The chain over the audit trail, and what makes both append-only: the database refuses every change.
#
# Whoever makes one of these tables anew on SQLite (as an AlterField does) loses its triggers and has to make
# them again; tests/accounts/test_audit_append_only.py finds that.

from django.db import migrations, models

TABLES = ("accounts_audit", "accounts_auditlink", "accounts_audithead")
KEYS = {"accounts_audit": "id", "accounts_auditlink": "position", "accounts_audithead": "number"}

POSTGRES = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
ALTER TABLE accounts_audit ALTER COLUMN id SET GENERATED ALWAYS;
ALTER TABLE accounts_audit ADD COLUMN txid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX audit_of_transaction ON accounts_audit (txid);
"""
POSTGRES_TRIGGERS = """
CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""
# The last one is for INSERT OR REPLACE, which deletes without asking any trigger.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: UPDATE is refused'); END""",
    """CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: DELETE is refused'); END""",
    """CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: REPLACE is refused'); END""",
)


def make_append_only(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES, params=None)
        for table in TABLES:
            schema_editor.execute(POSTGRES_TRIGGERS.format(table=table), params=None)
    else:
        for table in TABLES:
            for trigger in SQLITE_TRIGGERS:
                schema_editor.execute(trigger.format(table=table, key=KEYS[table]), params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_audit_trail'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('entry_id', models.BigIntegerField(unique=True)),
                ('hash', models.BinaryField()),
            ],
            options={
                'verbose_name': 'link of the audit chain',
                'verbose_name_plural': 'links of the audit chain',
            },
        ),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('payload', models.TextField()),
                ('signature', models.CharField(max_length=88)),
            ],
            options={
                'verbose_name': 'signed head of the audit chain',
                'verbose_name_plural': 'signed heads of the audit chain',
            },
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('open_txid', models.BigIntegerField(default=0)),
                ('settled_id', models.BigIntegerField(default=0)),
                ('exported', models.BigIntegerField(default=0)),
                ('sealed_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'state of the sealer',
                'verbose_name_plural': 'states of the sealer',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_sealer_state')],
            },
        ),
        migrations.RunPython(make_append_only),
    ]
