# The audit trail's table anew: numbered by the database, with roles, way, outcome and changes. The rows go along.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.audit_rows

BATCH = 1000


def take_along(apps, schema_editor):
    before, after = apps.get_model("accounts", "AuditEntry"), apps.get_model("accounts", "AuditRow")
    batch = []
    for row in before.objects.order_by("at", "id").iterator(chunk_size=BATCH):
        batch.append(
            after(
                at=row.at,
                actor_id=row.actor_id,
                action=row.action,
                merchant_uid=row.merchant_uid,
                subject_type=row.subject_type,
                subject_id=row.subject_id,
                customer_id=row.customer_id,
                reason=row.reason,
                details=row.details,
            )
        )
        if len(batch) == BATCH:
            after.objects.bulk_create(batch)
            batch = []
    after.objects.bulk_create(batch)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_roles_of_the_first'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(verbose_name='when')),
                ('roles', models.CharField(blank=True, max_length=120, verbose_name='in which roles')),
                ('action', models.CharField(max_length=60, verbose_name='what')),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('refused', 'Refused')], default='done', max_length=10, verbose_name='outcome')),
                ('channel', models.CharField(max_length=10, verbose_name='by which way')),
                ('request_id', models.CharField(max_length=32, verbose_name='in the course of')),
                ('merchant_uid', models.CharField(blank=True, max_length=100, verbose_name='merchant')),
                ('subject_type', models.CharField(max_length=30, verbose_name='about what')),
                ('subject_id', models.UUIDField(null=True)),
                ('customer_id', models.UUIDField(null=True)),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('details', models.JSONField(default=dict, encoder=accounts.audit_rows.CanonicalJSON)),
                ('changes', models.JSONField(default=dict, encoder=accounts.audit_rows.CanonicalJSON)),
                ('actor', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
                'db_table': 'accounts_audit',
            },
        ),
        migrations.RunPython(take_along, migrations.RunPython.noop),
        migrations.DeleteModel(name='AuditEntry'),
        migrations.RenameModel(old_name='AuditRow', new_name='AuditEntry'),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['done', 'refused'])), name='an_audit_outcome_is_one_we_know'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['customer_id', 'id'], name='audit_of_customer'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['actor', 'id'], name='audit_of_actor'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['merchant_uid', 'id'], name='audit_of_merchant'),
        ),
    ]
