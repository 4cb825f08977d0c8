# What staff note of a merchant is sealed under a data key of the merchant's own.

from django.db import migrations, models

import vault.fields
from vault.envelope import cell_name, new_data_key

FIELDS = {
    "contact_name": "contact",
    "contact_email": "contact's e-mail",
    "contact_phone": "contact's phone",
    "notes": "notes",
}
TABLE = "customers_merchant"


def seal(apps, schema_editor):
    Merchant = apps.get_model("customers", "Merchant")
    for merchant in Merchant.objects.all().iterator():
        plain = {name: getattr(merchant, f"{name}_in_clear") for name in FIELDS}
        if not any(plain.values()):
            continue
        key, wrapped = new_data_key(f"{TABLE}:{merchant.pk}")
        sealed = {
            name: key.seal(cell_name(TABLE, name, merchant.pk), text.encode())
            for name, text in plain.items()
            if text
        }
        # Emptied as well: a column that is dropped stays in the rows that nobody writes again.
        emptied = {f"{name}_in_clear": "" for name in FIELDS}
        Merchant.objects.filter(pk=merchant.pk).update(wrapped_key=wrapped, **sealed, **emptied)


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0006_index_versions'),
    ]

    operations = [
        *[migrations.RenameField("merchant", name, f"{name}_in_clear") for name in FIELDS],
        migrations.AddField("merchant", "wrapped_key", models.BinaryField(default=bytes, editable=False)),
        *[
            migrations.AddField("merchant", name, vault.fields.EncryptedTextField(verbose_name=said))
            for name, said in FIELDS.items()
        ],
        migrations.RunPython(seal),
        *[migrations.RemoveField("merchant", f"{name}_in_clear") for name in FIELDS],
    ]
