# Roles that people hold, for one merchant or for all.

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='RoleGrant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('agent', 'Agent'), ('officer', 'Officer'), ('auditor', 'Auditor'), ('operator', 'Operator'), ('administrator', 'Administrator')], max_length=20, verbose_name='role')),
                ('merchant_uid', models.CharField(blank=True, max_length=100, null=True, verbose_name='merchant')),
                ('granted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('eyes', models.CharField(choices=[('two', 'A second person approved'), ('one', 'One person: no second one is asked for'), ('command', 'By command: no second person is asked for there')], max_length=10)),
            ],
            options={
                'verbose_name': 'role held',
                'verbose_name_plural': 'roles held',
            },
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('is_machine', False), ('email', 'machine@portal.invalid'), _connector='OR'), name='one_account_is_the_machine'),
        ),
        migrations.AddField(
            model_name='rolegrant',
            name='granted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rolegrant',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rolegrant',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.UniqueConstraint(condition=models.Q(('merchant_uid__isnull', False)), fields=('user', 'role', 'merchant_uid'), name='a_role_is_held_once_per_merchant'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.UniqueConstraint(condition=models.Q(('merchant_uid__isnull', True)), fields=('user', 'role'), name='a_role_is_held_once_for_all_merchants'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('merchant_uid__isnull', True), models.Q(('merchant_uid', ''), _negated=True), _connector='OR'), name='a_role_is_for_a_named_merchant_or_all'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['viewer', 'agent', 'officer', 'auditor', 'operator', 'administrator'])), name='a_role_is_one_we_know'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'administrator'), _negated=True), ('merchant_uid__isnull', True), _connector='OR'), name='an_administrator_is_one_for_all_merchants'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one', 'command')), models.Q(('eyes', 'two'), models.Q(('granted_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='a_role_is_granted_by_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('eyes', 'command'), models.Q(('granted_by', models.F('user')), _negated=True), _connector='OR'), name='nobody_grants_themselves_a_role'),
        ),
    ]
