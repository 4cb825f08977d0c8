# The tables as they are first made.

import django.db.models.deletion
import django.utils.timezone
import uuid
import vault.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('customers', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DriftRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('merchant_uid', models.CharField(blank=True, max_length=100, verbose_name='merchant')),
                ('is_full', models.BooleanField(default=False, verbose_name='with details')),
                ('state', models.CharField(choices=[('requested', 'Asked for'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='requested', max_length=10)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('beat_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('merchants', models.PositiveIntegerField(default=0)),
                ('here', models.PositiveIntegerField(default=0)),
                ('there', models.PositiveIntegerField(default=0)),
                ('under_way', models.PositiveIntegerField(default=0)),
                ('details', models.PositiveIntegerField(default=0)),
                ('unread', models.PositiveIntegerField(default=0)),
                ('incomplete', models.JSONField(default=list)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'comparison with the exchange',
                'verbose_name_plural': 'comparisons with the exchange',
            },
        ),
        migrations.CreateModel(
            name='DriftRow',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('merchant_uid', models.CharField(max_length=100, verbose_name='merchant')),
                ('kind', models.CharField(choices=[('only_here', 'Only here'), ('only_there', 'Only at the exchange'), ('differs', 'Differs')], max_length=10)),
                ('code', models.CharField(choices=[('not_listed', "In none of the exchange's lists"), ('no_such_account', 'The exchange has no such account'), ('stranger', 'Not made by this portal'), ('unknown_token', 'Carries our token, and nobody here has it'), ('extra_copy', 'A second account of a customer of ours'), ('not_bound', 'A customer of ours that has no uid here'), ('fields', 'Says something else'), ('other_merchant', 'Listed under another merchant'), ('not_in_list', 'Answers by its uid, and is in no list')], max_length=20)),
                ('uid', models.CharField(max_length=100, verbose_name='uid at the exchange')),
                ('reference', models.CharField(blank=True, max_length=100, verbose_name='reference')),
                ('customer_id', models.UUIDField(null=True)),
                ('fields', models.JSONField(default=list)),
                ('take_in', models.CharField(blank=True, choices=[('', 'Not asked for'), ('asked', 'Asked for'), ('done', 'Taken in'), ('not_possible', "Can't be taken in")], max_length=12)),
                ('obstacle', models.CharField(blank=True, choices=[('email_not_given', 'The exchange does not tell its e-mail, and no record is kept without'), ('email_masked', 'The exchange shows its e-mail masked only'), ('email_held_here', 'Another customer of this merchant has its e-mail here'), ('kind_not_given', 'The exchange does not tell whether it is a person or a business'), ('unreadable', 'It could not be read just now; ask once more'), ('gone', 'The exchange has no such account any more'), ('held_here', 'It is known here by now')], max_length=20)),
                ('take_in_asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='kyc.driftrun')),
            ],
            options={
                'verbose_name': 'drift',
                'verbose_name_plural': 'drift',
                'ordering': ['kind', 'merchant_uid', 'uid'],
            },
        ),
        migrations.CreateModel(
            name='Waiver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('doc_type', models.CharField(max_length=40)),
                ('reason', models.TextField(verbose_name='reason')),
                ('waived_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waivers', to='customers.customer')),
                ('waived_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AcceptedWarning',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(blank=True, max_length=100)),
                ('code', models.CharField(max_length=60)),
                ('field', models.CharField(blank=True, max_length=60)),
                ('value_digest', models.CharField(blank=True, max_length=64)),
                ('reason', models.TextField(verbose_name='reason')),
                ('accepted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('accepted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='accepted_warnings', to='customers.customer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('customer', 'subject', 'code', 'field', 'value_digest'), name='a_warning_is_accepted_once'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='a_warning_is_accepted_with_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('doc_type', models.CharField(max_length=40, verbose_name='document type')),
                ('version', models.PositiveIntegerField(default=1)),
                ('is_current', models.BooleanField(default=True)),
                ('doc_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='document number')),
                ('doc_number_index', models.CharField(blank=True, editable=False, max_length=32)),
                ('doc_expire', models.DateField(blank=True, null=True, verbose_name='expires')),
                ('doc_issued', models.DateField(blank=True, null=True, verbose_name='issued')),
                ('original_name', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='file name')),
                ('file', models.CharField(editable=False, max_length=200)),
                ('content_type', models.CharField(max_length=40, verbose_name='kind of file')),
                ('size', models.PositiveIntegerField(verbose_name='size, bytes')),
                ('sha256', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='SHA-256')),
                ('content_digest', models.CharField(editable=False, max_length=64)),
                ('file_warnings', models.JSONField(blank=True, default=list, editable=False)),
                ('delivery', models.CharField(choices=[('not_sent', 'Not sent'), ('sent', 'Sent'), ('unknown', 'Outcome unknown'), ('refused', 'Refused')], default='not_sent', max_length=10, verbose_name='delivery')),
                ('sent_at', models.DateTimeField(editable=False, null=True, verbose_name='sent')),
                ('is_flagged', models.BooleanField(default=False, verbose_name='may be missing or doubled there')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='added')),
                ('superseded_at', models.DateTimeField(editable=False, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='customers.customer')),
                ('ubo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='customers.ubo')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
                'indexes': [models.Index(fields=['content_digest'], name='documents_by_content'), models.Index(condition=models.Q(('doc_number_index', ''), _negated=True), fields=['doc_number_index'], name='documents_by_number')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_current', True), ('ubo__isnull', True)), fields=('customer', 'doc_type'), name='one_current_document_per_type_and_customer'), models.UniqueConstraint(condition=models.Q(('is_current', True), ('ubo__isnull', False)), fields=('ubo', 'doc_type'), name='one_current_document_per_type_and_ubo'), models.UniqueConstraint(condition=models.Q(('ubo__isnull', True)), fields=('customer', 'doc_type', 'version'), name='one_document_per_version_and_customer'), models.UniqueConstraint(condition=models.Q(('ubo__isnull', False)), fields=('ubo', 'doc_type', 'version'), name='one_document_per_version_and_ubo'), models.CheckConstraint(condition=models.Q(('delivery__in', ['not_sent', 'sent', 'unknown', 'refused'])), name='a_document_has_a_known_delivery'), models.CheckConstraint(condition=models.Q(('file', ''), _negated=True), name='a_document_has_a_file'), models.CheckConstraint(condition=models.Q(('size__gte', 1), ('size__lte', 4000000)), name='a_document_has_at_most_4_mb')],
            },
        ),
        migrations.AddIndex(
            model_name='driftrun',
            index=models.Index(fields=['state', '-requested_at'], name='comparisons_by_state'),
        ),
        migrations.AddConstraint(
            model_name='driftrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'running', 'done', 'failed'])), name='a_comparison_is_in_a_known_state'),
        ),
        migrations.AddIndex(
            model_name='driftrow',
            index=models.Index(condition=models.Q(('take_in', 'asked')), fields=['take_in'], name='drift_to_take_in'),
        ),
        migrations.AddConstraint(
            model_name='driftrow',
            constraint=models.UniqueConstraint(fields=('run', 'uid'), name='one_finding_per_run_and_uid'),
        ),
        migrations.AddConstraint(
            model_name='driftrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['only_here', 'only_there', 'differs'])), name='a_drift_is_of_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='driftrow',
            constraint=models.CheckConstraint(condition=models.Q(('code__in', ['not_listed', 'no_such_account', 'stranger', 'unknown_token', 'extra_copy', 'not_bound', 'fields', 'other_merchant', 'not_in_list'])), name='a_drift_has_a_known_code'),
        ),
        migrations.AddConstraint(
            model_name='waiver',
            constraint=models.UniqueConstraint(fields=('customer', 'doc_type'), name='one_waiver_per_customer_and_type'),
        ),
        migrations.AddConstraint(
            model_name='waiver',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='a_document_is_waived_with_a_reason'),
        ),
    ]
