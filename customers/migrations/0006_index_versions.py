"""Under which version of PORTAL_KEYS the keyed indexes of each person are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_fewer_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='index_version',
            field=models.IntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='ubo',
            name='index_version',
            field=models.IntegerField(editable=False, null=True),
        ),
    ]
