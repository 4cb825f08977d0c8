"""Indexes that were written for each row and read for none."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_ends'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='customer',
            name='one_customer_per_email_and_merchant',
        ),
        migrations.RemoveIndex(
            model_name='customer',
            name='customers_by_email',
        ),
        migrations.AlterField(
            model_name='customer',
            name='made_by',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='customer',
            name='merchant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='customers', to='customers.merchant'),
        ),
        migrations.AlterField(
            model_name='customer',
            name='submitted_by',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='customer',
            name='uid',
            field=models.CharField(blank=True, max_length=100, null=True, verbose_name='uid at the exchange'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(fields=('email_key', 'merchant'), name='one_customer_per_email_and_merchant'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(fields=('uid',), name='one_customer_per_uid'),
        ),
    ]
