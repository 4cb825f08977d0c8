from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_reconciliation")]

    operations = [
        migrations.AddIndex(
            model_name="intent",
            index=models.Index(
                condition=models.Q(("done_ms__isnull", False)),
                fields=["done_ms", "state", "topic", "merchant_uid"],
                name="intents_by_end",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("finished_ms__isnull", False)),
                fields=["finished_ms", "outcome"],
                name="attempts_by_end",
            ),
        ),
    ]
