# Who proposed what was accepted or waived, and how many eyes saw it.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_second_person'),
        ('kyc', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='acceptedwarning',
            name='eyes',
            field=models.CharField(choices=[('two', 'A second person approved'), ('one', 'One person: no second one is asked for'), ('command', 'By command: no second person is asked for there')], default='one', max_length=10),
        ),
        migrations.AddField(
            model_name='acceptedwarning',
            name='proposed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='waiver',
            name='eyes',
            field=models.CharField(choices=[('two', 'A second person approved'), ('one', 'One person: no second one is asked for'), ('command', 'By command: no second person is asked for there')], default='one', max_length=10),
        ),
        migrations.AddField(
            model_name='waiver',
            name='proposed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='acceptedwarning',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one', 'command')), models.Q(('eyes', 'two'), ('proposed_by__isnull', False), models.Q(('accepted_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='a_second_person_accepts_a_warning'),
        ),
        migrations.AddConstraint(
            model_name='waiver',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one', 'command')), models.Q(('eyes', 'two'), ('proposed_by__isnull', False), models.Q(('waived_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='a_second_person_waives_a_document'),
        ),
    ]
