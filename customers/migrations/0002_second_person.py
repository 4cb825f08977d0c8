# Who made what is submitted, and how many eyes saw it. What was submitted before says: one.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Of each customer, whoever registered it or changed it or its documents last, as the audit trail tells.
MAKERS = """
UPDATE customers_customer SET made_by_id = (
    SELECT actor_id FROM accounts_audit
    WHERE accounts_audit.customer_id = customers_customer.id
      AND action IN ('customer.register', 'customer.change', 'document.add')
    ORDER BY accounts_audit.id DESC LIMIT 1
) WHERE origin <> 'exchange'
"""


def fill_in(apps, schema_editor):
    Customer = apps.get_model("customers", "Customer")
    schema_editor.execute(MAKERS)
    Customer.objects.filter(submitted_by__isnull=False).update(submitted_eyes="one")


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0001_initial'),
        ('accounts', '0006_proposals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='made_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='customer',
            name='submitted_eyes',
            field=models.CharField(blank=True, choices=[('two', 'A second person approved'), ('one', 'One person: no second one is asked for'), ('command', 'By command: no second person is asked for there')], editable=False, max_length=10),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
