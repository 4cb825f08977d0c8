# No command ends a relationship alone; what ended so before stays as it is.

import datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0006_index_versions'),
        ('kyc', '0005_index_versions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='ending',
            name='a_second_person_ends_a_relationship',
        ),
        migrations.AddConstraint(
            model_name='ending',
            constraint=models.CheckConstraint(condition=models.Q(('eyes__in', ('one',)), models.Q(('eyes', 'two'), ('proposed_by__isnull', False), models.Q(('ended_by', models.F('proposed_by')), _negated=True)), models.Q(('ended_at__lt', datetime.datetime(2026, 11, 28, 0, 0, tzinfo=datetime.timezone.utc)), ('eyes', 'command')), _connector='OR'), name='a_second_person_ends_a_relationship'),
        ),
    ]
