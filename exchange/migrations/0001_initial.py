# The tables as they are first made.

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKeyClock',
            fields=[
                ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('last_nonce', models.BigIntegerField(default=0)),
                ('tat_us', models.BigIntegerField(default=0)),
                ('slot_us', models.BigIntegerField(default=0)),
                ('share', models.FloatField(default=1.0)),
                ('share_at_ms', models.BigIntegerField(default=0)),
                ('paused_until_ms', models.BigIntegerField(default=0)),
                ('pause_reason', models.CharField(blank=True, max_length=40)),
                ('strikes', models.PositiveIntegerField(default=0)),
                ('stopped_code', models.CharField(blank=True, max_length=100)),
                ('skew_ms', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Circuit',
            fields=[
                ('endpoint', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('refusals', models.PositiveIntegerField(default=0)),
                ('open_until_ms', models.BigIntegerField(default=0)),
                ('opened_ms', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Recovery',
            fields=[
                ('epoch', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('begun_ms', models.BigIntegerField()),
                ('marked_ms', models.BigIntegerField(null=True)),
                ('scanned_ms', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Scan',
            fields=[
                ('merchant_uid', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('worker', models.CharField(blank=True, max_length=40)),
                ('lease_until_ms', models.BigIntegerField(null=True)),
                ('not_before_ms', models.BigIntegerField(default=0)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('scanned_ms', models.BigIntegerField(null=True)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('is_whole', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('merchant_uid', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('taken', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=100)),
                ('pid', models.PositiveIntegerField()),
                ('started_ms', models.BigIntegerField()),
                ('beat_ms', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('merchant_uid', models.CharField(max_length=100)),
                ('due_ms', models.BigIntegerField(null=True)),
                ('lease_until_ms', models.BigIntegerField(null=True)),
                ('fence', models.BigIntegerField(default=0)),
                ('worker', models.CharField(blank=True, max_length=40)),
                ('rank', models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_ms__isnull', False)), fields=['rank', 'id'], name='lanes_by_rank'), models.Index(condition=models.Q(('due_ms__isnull', False)), fields=['due_ms', 'id'], name='lanes_by_due'), models.Index(condition=models.Q(('lease_until_ms__isnull', False)), fields=['lease_until_ms'], name='lanes_by_lease')],
            },
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(choices=[('customer.create', 'Create the customer'), ('customer.set_custom_id', 'Set our reference'), ('document.upload', 'Upload a document')], max_length=40, verbose_name='topic')),
                ('subject_id', models.UUIDField()),
                ('merchant_uid', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('pending', 'To be sent'), ('sending', 'Being sent'), ('unknown', 'Outcome unknown'), ('waiting_for_staff', 'Waiting for staff'), ('done', 'Done'), ('given_up', 'Given up')], default='pending', max_length=20, verbose_name='state')),
                ('is_ready', models.BooleanField(default=True)),
                ('position', models.PositiveSmallIntegerField()),
                ('due_ms', models.BigIntegerField()),
                ('generation', models.PositiveIntegerField(default=1)),
                ('attempts_made', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('unknown_tries', models.PositiveIntegerField(default=0)),
                ('reason', models.CharField(blank=True, choices=[('email_taken_elsewhere', 'The e-mail is taken at the exchange'), ('ubo_email_taken', "A beneficial owner's e-mail is taken at the exchange"), ('exists_more_than_once', 'The exchange holds the customer more than once'), ('foreign_sender', 'Another sender created the customer with our token'), ('create_outcome_unknown', 'Whether the customer was created is unknown'), ('upload_outcome_unknown', 'Whether the document arrived is unknown'), ('ubo_uid_unknown', "The beneficial owner's uid is unknown"), ('rejected_by_exchange', 'The exchange rejected the data'), ('refused_by_exchange', 'The exchange refused the request'), ('content_changed', 'The content differs from what was submitted'), ('too_many_attempts', 'Too many attempts')], max_length=30, verbose_name='reason')),
                ('error_code', models.CharField(blank=True, max_length=200)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('created_ms', models.BigIntegerField()),
                ('updated_ms', models.BigIntegerField()),
                ('done_ms', models.BigIntegerField(null=True)),
                ('unknown_ms', models.BigIntegerField(null=True)),
                ('look_ms', models.BigIntegerField(null=True)),
                ('clean_ms', models.BigIntegerField(null=True)),
                ('is_held', models.BooleanField(default=False, verbose_name='held back')),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='intents', to='exchange.lane')),
            ],
            options={
                'verbose_name': 'intent',
                'verbose_name_plural': 'intents',
            },
        ),
        migrations.CreateModel(
            name='Orphan',
            fields=[
                ('uid', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('merchant_uid', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('no_customer', 'No customer here has its token'), ('extra_copy', 'Its customer is bound to another account')], max_length=20)),
                ('token', models.CharField(max_length=16)),
                ('custom_id', models.CharField(blank=True, max_length=255)),
                ('reference', models.CharField(blank=True, max_length=100)),
                ('found_ms', models.BigIntegerField()),
                ('seen_ms', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['no_customer', 'extra_copy'])), name='an_orphan_is_of_a_known_kind')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('fence', models.BigIntegerField()),
                ('worker', models.CharField(max_length=40)),
                ('request_digest', models.CharField(max_length=64)),
                ('nonce', models.BigIntegerField(null=True)),
                ('phase', models.CharField(default='open', max_length=10)),
                ('outcome', models.CharField(blank=True, max_length=20, verbose_name='outcome')),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('error_codes', models.CharField(blank=True, max_length=400)),
                ('started_ms', models.BigIntegerField()),
                ('finished_ms', models.BigIntegerField(null=True)),
                ('intent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='exchange.intent')),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
                'indexes': [models.Index(condition=models.Q(('finished_ms__isnull', False)), fields=['finished_ms', 'outcome'], name='attempts_by_end')],
                'constraints': [models.UniqueConstraint(fields=('intent', 'number'), name='one_attempt_per_number')],
            },
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('state__in', ('done', 'given_up')), _negated=True), fields=['lane', 'position'], name='open_intents_by_lane'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['lane', 'created_ms'], name='intents_by_lane'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('state__in', ('waiting_for_staff',))), fields=['reason', 'updated_ms'], name='intents_that_wait_for_staff'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('look_ms__isnull', False)), fields=['look_ms', 'merchant_uid'], name='intents_by_next_look'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['state', 'topic'], name='intents_by_state'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['subject_id'], name='intents_by_subject'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('done_ms__isnull', False)), fields=['done_ms', 'state', 'topic', 'merchant_uid'], name='intents_by_end'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('done', 'given_up')), _negated=True), fields=('topic', 'subject_id'), name='one_open_intent_per_subject'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'sending', 'unknown', 'waiting_for_staff', 'done', 'given_up'])), name='an_intent_is_in_a_known_state'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['', 'email_taken_elsewhere', 'ubo_email_taken', 'exists_more_than_once', 'foreign_sender', 'create_outcome_unknown', 'upload_outcome_unknown', 'ubo_uid_unknown', 'rejected_by_exchange', 'refused_by_exchange', 'content_changed', 'too_many_attempts'])), name='an_intent_waits_for_a_known_reason'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiting_for_staff'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='an_intent_waits_for_staff_with_a_reason'),
        ),
    ]
