# No command waives a document alone; what one waived so before stays as it is.

import datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_commands_only_onboard'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='proposal',
            name='whoever_proposed_does_not_decide',
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision__in', ('approved', 'refused')), _negated=True), models.Q(('eyes', 'command'), models.Q(('action__in', ['customer.submit', 'warning.accept']), ('decided_at__lt', datetime.datetime(2026, 11, 28, 0, 0, tzinfo=datetime.timezone.utc)), models.Q(('action', 'document.waive'), ('decided_at__lt', datetime.datetime(2026, 11, 29, 0, 0, tzinfo=datetime.timezone.utc))), _connector='OR')), models.Q(('eyes', 'two'), models.Q(('decided_by', models.F('made_by')), _negated=True)), _connector='OR'), name='whoever_proposed_does_not_decide'),
        ),
    ]
