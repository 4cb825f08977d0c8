# The tables as they are first made.

import django.db.models.deletion
import django.utils.timezone
import uuid
import vault.fields
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('first_name', models.CharField(blank=True, max_length=255, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=255, verbose_name='last name')),
                ('dob', vault.fields.EncryptedDateField(blank=True, editable=True, null=True, verbose_name='date of birth')),
                ('address', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='address')),
                ('postcode', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=255, verbose_name='city')),
                ('country', models.CharField(blank=True, max_length=2, verbose_name='country')),
                ('nationality', models.CharField(blank=True, max_length=2, verbose_name='nationality')),
                ('id_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='ID number')),
                ('id_number_index', models.CharField(blank=True, editable=False, max_length=32)),
                ('phone_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='phone number')),
                ('phone_index', models.CharField(blank=True, editable=False, max_length=32)),
                ('occupation', models.CharField(blank=True, max_length=255, verbose_name='occupation')),
                ('source_of_funds', models.CharField(blank=True, max_length=255, verbose_name='source of funds')),
                ('is_pep_occupation', models.BooleanField(default=False, verbose_name='PEP by occupation')),
                ('pep_occupation_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='PEP by occupation: details')),
                ('is_pep_related', models.BooleanField(default=False, verbose_name='related to a PEP')),
                ('pep_related_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='related to a PEP: details')),
                ('is_pip', models.BooleanField(default=False, verbose_name='prominent influential person')),
                ('pip_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='prominent influential person: details')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=100, unique=True, verbose_name='reference')),
                ('entity_type', models.CharField(choices=[('individual', 'Individual'), ('business', 'Business')], max_length=10, verbose_name='kind')),
                ('origin', models.CharField(choices=[('pack', 'Onboarding pack'), ('form', 'Form'), ('api', 'API'), ('exchange', 'Found at the exchange')], default='pack', max_length=10, verbose_name='came by')),
                ('wrapped_key', models.BinaryField()),
                ('email', models.CharField(max_length=254, verbose_name='e-mail')),
                ('email_key', models.CharField(editable=False, max_length=254)),
                ('account_name', models.CharField(blank=True, max_length=255, verbose_name='account name')),
                ('country_of_residence', models.CharField(blank=True, max_length=2, verbose_name='country of residence')),
                ('deposit_action', models.CharField(blank=True, max_length=40, verbose_name='deposit action')),
                ('external_verification_url', models.CharField(blank=True, max_length=2048, verbose_name='external verification URL')),
                ('doc_type', models.CharField(blank=True, max_length=40, verbose_name='identity document')),
                ('doc_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='document number')),
                ('doc_expire', models.DateField(blank=True, null=True, verbose_name='document expires')),
                ('doc_country', models.CharField(blank=True, max_length=2, verbose_name="document's country")),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('complete', 'Complete'), ('submitted', 'Submitted'), ('at_exchange', 'At the exchange'), ('documents_sent', 'In review'), ('verified', 'Verified'), ('rejected', 'Rejected')], default='draft', max_length=20, verbose_name='stage')),
                ('token', models.CharField(editable=False, max_length=16)),
                ('uid', models.CharField(blank=True, max_length=100, null=True, unique=True, verbose_name='uid at the exchange')),
                ('exchange_state', models.CharField(blank=True, max_length=50, verbose_name='state at the exchange')),
                ('kyc_status', models.CharField(blank=True, max_length=50, verbose_name='verification at the exchange')),
                ('submitted_digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='changed')),
                ('submitted_at', models.DateTimeField(editable=False, null=True, verbose_name='submitted')),
                ('at_exchange_at', models.DateTimeField(editable=False, null=True, verbose_name='created at the exchange')),
                ('documents_sent_at', models.DateTimeField(editable=False, null=True, verbose_name='documents sent')),
                ('verdict_at', models.DateTimeField(editable=False, null=True, verbose_name='verdict')),
                ('polled_at', models.DateTimeField(editable=False, null=True, verbose_name='last looked up')),
                ('submitted_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'customer',
                'verbose_name_plural': 'customers',
            },
        ),
        migrations.CreateModel(
            name='BusinessProfile',
            fields=[
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='business_profile', serialize=False, to='customers.customer')),
                ('company_name', models.CharField(max_length=255, verbose_name='company name')),
                ('registration_number', models.CharField(max_length=100, verbose_name='registration number')),
                ('registration_country', models.CharField(max_length=3, verbose_name='country of registration')),
                ('industry', models.CharField(max_length=255, verbose_name='industry')),
                ('purpose_of_account', models.TextField(verbose_name='purpose of the account')),
                ('expected_monthly_volume_usd', models.DecimalField(decimal_places=2, max_digits=20, verbose_name='expected monthly volume, USD')),
                ('jurisdictions_of_operation', models.JSONField(blank=True, default=list, verbose_name='operates in')),
                ('website', models.CharField(blank=True, max_length=2048, verbose_name='website')),
                ('employee_count', models.PositiveIntegerField(blank=True, null=True, verbose_name='employees')),
                ('address', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='address')),
                ('city', models.CharField(blank=True, max_length=255, verbose_name='city')),
                ('postcode', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='postcode')),
                ('country', models.CharField(blank=True, max_length=2, verbose_name='country')),
                ('license_status', models.CharField(blank=True, max_length=20, verbose_name='licence')),
                ('license_number', models.CharField(blank=True, max_length=100, verbose_name='licence number')),
                ('license_jurisdictions', models.JSONField(blank=True, default=list, verbose_name='licensed in')),
            ],
            options={
                'verbose_name': 'business profile',
                'verbose_name_plural': 'business profiles',
            },
        ),
        migrations.CreateModel(
            name='Merchant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('uid', models.CharField(max_length=100, unique=True, verbose_name='uid')),
                ('is_self', models.BooleanField(default=False, verbose_name='is the aggregator itself')),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='name')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='e-mail')),
                ('exchange_state', models.CharField(blank=True, max_length=50, verbose_name='state at the exchange')),
                ('contact_name', models.CharField(blank=True, max_length=150, verbose_name='contact')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name="contact's e-mail")),
                ('contact_phone', models.CharField(blank=True, max_length=40, verbose_name="contact's phone")),
                ('notes', models.TextField(blank=True, verbose_name='notes')),
                ('settings', models.JSONField(blank=True, default=dict, verbose_name='settings')),
                ('pulled_at', models.DateTimeField(blank=True, null=True, verbose_name='last seen at the exchange')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
            ],
            options={
                'verbose_name': 'merchant',
                'verbose_name_plural': 'merchants',
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_self', True)), fields=('is_self',), name='one_merchant_is_ourselves'), models.CheckConstraint(condition=models.Q(('uid', ''), _negated=True), name='a_merchant_has_a_uid')],
            },
        ),
        migrations.AddField(
            model_name='customer',
            name='merchant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='customers', to='customers.merchant'),
        ),
        migrations.CreateModel(
            name='Ubo',
            fields=[
                ('first_name', models.CharField(blank=True, max_length=255, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=255, verbose_name='last name')),
                ('dob', vault.fields.EncryptedDateField(blank=True, editable=True, null=True, verbose_name='date of birth')),
                ('address', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='address')),
                ('postcode', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='postcode')),
                ('city', models.CharField(blank=True, max_length=255, verbose_name='city')),
                ('country', models.CharField(blank=True, max_length=2, verbose_name='country')),
                ('nationality', models.CharField(blank=True, max_length=2, verbose_name='nationality')),
                ('id_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='ID number')),
                ('id_number_index', models.CharField(blank=True, editable=False, max_length=32)),
                ('phone_number', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='phone number')),
                ('phone_index', models.CharField(blank=True, editable=False, max_length=32)),
                ('occupation', models.CharField(blank=True, max_length=255, verbose_name='occupation')),
                ('source_of_funds', models.CharField(blank=True, max_length=255, verbose_name='source of funds')),
                ('is_pep_occupation', models.BooleanField(default=False, verbose_name='PEP by occupation')),
                ('pep_occupation_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='PEP by occupation: details')),
                ('is_pep_related', models.BooleanField(default=False, verbose_name='related to a PEP')),
                ('pep_related_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='related to a PEP: details')),
                ('is_pip', models.BooleanField(default=False, verbose_name='prominent influential person')),
                ('pip_data', vault.fields.EncryptedTextField(blank=True, editable=True, null=True, verbose_name='prominent influential person: details')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('email', models.CharField(max_length=254, verbose_name='e-mail')),
                ('email_key', models.CharField(editable=False, max_length=254)),
                ('ownership_percentage', models.DecimalField(decimal_places=4, max_digits=7, verbose_name='ownership, %')),
                ('is_director', models.BooleanField(default=False, verbose_name='director')),
                ('is_authorized_signatory', models.BooleanField(default=False, verbose_name='authorised signatory')),
                ('uid', models.CharField(blank=True, max_length=100, null=True, unique=True, verbose_name='uid at the exchange')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ubos', to='customers.customer')),
            ],
            options={
                'verbose_name': 'beneficial owner',
                'verbose_name_plural': 'beneficial owners',
                'ordering': ['position'],
            },
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['-created_at', '-id'], name='customers_newest_first'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['merchant', 'stage', '-created_at', '-id'], name='customers_by_merchant_stage'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['stage', '-created_at', '-id'], name='customers_by_stage'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['email_key'], name='customers_by_email'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('phone_index', ''), _negated=True), fields=['phone_index'], name='customers_by_phone'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('id_number_index', ''), _negated=True), fields=['id_number_index'], name='customers_by_id_number'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(fields=('merchant', 'email_key'), name='one_customer_per_email_and_merchant'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(fields=('token',), name='one_customer_per_token'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('reference', ''), _negated=True), name='a_customer_has_a_reference'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('email', ''), _negated=True), name='a_customer_has_an_email'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('entity_type__in', ['individual', 'business'])), name='a_customer_is_of_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'complete', 'submitted', 'at_exchange', 'documents_sent', 'verified', 'rejected'])), name='a_customer_is_at_a_known_stage'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ('draft', 'complete')), ('submitted_at__isnull', False), ('origin', 'exchange'), _connector='OR'), name='only_a_submitted_customer_moves_on'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage__in', ('at_exchange', 'documents_sent', 'verified')), _negated=True), ('uid__isnull', False), _connector='OR'), name='a_customer_at_the_exchange_has_a_uid'),
        ),
        migrations.AddIndex(
            model_name='ubo',
            index=models.Index(fields=['email_key'], name='ubos_by_email'),
        ),
        migrations.AddIndex(
            model_name='ubo',
            index=models.Index(condition=models.Q(('phone_index', ''), _negated=True), fields=['phone_index'], name='ubos_by_phone'),
        ),
        migrations.AddIndex(
            model_name='ubo',
            index=models.Index(condition=models.Q(('id_number_index', ''), _negated=True), fields=['id_number_index'], name='ubos_by_id_number'),
        ),
        migrations.AddConstraint(
            model_name='ubo',
            constraint=models.UniqueConstraint(fields=('customer', 'email_key'), name='one_ubo_per_email_and_business'),
        ),
        migrations.AddConstraint(
            model_name='ubo',
            constraint=models.UniqueConstraint(fields=('customer', 'position'), name='one_ubo_per_position'),
        ),
        migrations.AddConstraint(
            model_name='ubo',
            constraint=models.CheckConstraint(condition=models.Q(('ownership_percentage__gte', Decimal('5')), ('ownership_percentage__lte', Decimal('100'))), name='a_ubo_owns_5_to_100_percent'),
        ),
    ]
