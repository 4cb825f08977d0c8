# What one person proposes and a second one decides.

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_audit_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('action', models.CharField(max_length=60)),
                ('subject_type', models.CharField(max_length=30)),
                ('subject_id', models.UUIDField()),
                ('key', models.CharField(blank=True, max_length=200)),
                ('merchant_uid', models.CharField(blank=True, max_length=100)),
                ('customer_id', models.UUIDField(null=True)),
                ('details', models.JSONField(default=dict)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reason', models.TextField()),
                ('decision', models.CharField(blank=True, choices=[('approved', 'Approved'), ('refused', 'Refused'), ('withdrawn', 'Taken back'), ('lapsed', 'Lapsed')], max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision_reason', models.TextField(blank=True)),
                ('eyes', models.CharField(blank=True, choices=[('two', 'A second person approved'), ('one', 'One person: no second one is asked for'), ('command', 'By command: no second person is asked for there')], max_length=10)),
            ],
            options={
                'verbose_name': 'proposal',
                'verbose_name_plural': 'proposals',
            },
        ),
        migrations.RemoveConstraint(
            model_name='rolegrant',
            name='a_role_is_granted_by_a_second_person',
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one', 'command')), models.Q(('eyes', 'two'), ('proposed_by__isnull', False), models.Q(('granted_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='a_role_is_granted_by_a_second_person'),
        ),
        migrations.AddField(
            model_name='proposal',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='proposal',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(condition=models.Q(('decision', '')), fields=['made_at'], name='proposals_open'),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(fields=['customer_id', 'made_at'], name='proposals_by_customer'),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(fields=['subject_id', 'made_at'], name='proposals_by_subject'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', '')), fields=('action', 'subject_type', 'subject_id', 'key'), name='one_open_proposal_per_subject'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='a_proposal_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('decision', ''), ('eyes', '')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decision__in', ['approved', 'refused', 'withdrawn', 'lapsed'])), _connector='OR'), name='a_proposal_is_open_or_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision__in', ('approved', 'refused')), _negated=True), ('eyes', 'command'), models.Q(('eyes', 'two'), models.Q(('decided_by', models.F('made_by')), _negated=True)), _connector='OR'), name='whoever_proposed_does_not_decide'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision', 'withdrawn'), _negated=True), ('decided_by', models.F('made_by')), _connector='OR'), name='only_whoever_proposed_takes_it_back'),
        ),
    ]
