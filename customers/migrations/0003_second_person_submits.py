# A second person submits, or the row says why nobody had to.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_second_person'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('submitted_by__isnull', True), ('submitted_eyes__in', ('one', 'command')), models.Q(('made_by__isnull', False), ('submitted_eyes', 'two'), models.Q(('submitted_by', models.F('made_by')), _negated=True)), _connector='OR'), name='a_second_person_submits_a_customer'),
        ),
    ]
