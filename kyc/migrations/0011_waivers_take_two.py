# No command waives a document alone; what one waived so before stays as it is.

import datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0009_no_maker_submits'),
        ('kyc', '0010_nothing_taken_in_after_a_restore'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='waiver',
            name='a_second_person_waives_a_document',
        ),
        migrations.AddConstraint(
            model_name='waiver',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one',)), models.Q(('eyes', 'two'), ('proposed_by__isnull', False), models.Q(('waived_by', models.F('proposed_by')), _negated=True)), models.Q(('eyes', 'command'), ('waived_at__lt', datetime.datetime(2026, 11, 29, 0, 0, tzinfo=datetime.timezone.utc))), _connector='OR'), name='a_second_person_waives_a_document'),
        ),
    ]
