"""Under which version of PORTAL_KEYS the keyed indexes of each document are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kyc', '0004_scans'),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='index_version',
            field=models.IntegerField(editable=False, null=True),
        ),
    ]
