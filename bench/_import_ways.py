"""The ways of importing that bench/import_pack.py measures, each in a process of its own.

python -m bench._import_ways WAY FILE     one way, into the database of DATABASE_URL; prints JSON
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# What the peer imports: the columns of an individual, in a table without the product's indexes.
PEER_COLUMNS = (
    "email", "phone_number", "first_name", "last_name", "dob", "address", "postcode", "city", "country",
    "nationality", "country_of_residence", "id_number", "occupation", "source_of_funds", "doc_type",
    "doc_number", "doc_expire", "doc_country", "is_pip",
)  # fmt: skip


def memory_mib(name: str) -> float:
    """`VmRSS` (now) or `VmHWM` (the most there was) of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def ours(path: Path) -> int:
    """The product's import, with encryption, keyed indexes, checks and audit."""
    from accounts.models import User
    from kyc.pack.importing import Options, import_pack
    from kyc.pack.opening import open_pack

    def no_exchange():
        raise RuntimeError("the pack names no merchant")

    with open_pack(path) as pack:
        tally = import_pack(pack, Options(actor=User.objects.machine()), make_client=no_exchange)
    assert tally.rejected == 0, tally.faults[:3]
    return tally.accepted


def floor(path: Path) -> int:
    """The same encrypted rows and keyed indexes by COPY, chunk by chunk: no check, no look-up, no audit."""
    import uuid

    from django.db import connection, transaction
    from django.utils import timezone

    from customers.models import Customer, Merchant, vault_owner
    from vault.envelope import cell_name, new_data_key
    from vault.fields import EncryptedTextField
    from vault.indexes import keyed_index, number_index
    from vault.keys import keyring
    from vault.tokens import correlation_token

    own, version = Merchant.objects.own(), keyring().oldest
    # A token's key is read from the database once, which can't be within a COPY.
    correlation_token(own.uid, "individual", "")
    fields = Customer._meta.concrete_fields
    sealed = [field.name for field in fields if isinstance(field, EncryptedTextField)]
    columns = [field.column for field in fields]
    template = {field.column: field.get_default() if field.has_default() else "" for field in fields}
    template |= {name: None for name in sealed}
    template |= {field.column: None for field in fields if field.null}
    count = 0
    now = timezone.now()

    def rows(reader):
        for record in reader:
            pk = uuid.uuid4()
            key, wrapped = new_data_key(vault_owner(pk))
            row = dict(template)
            for name, text in record.items():
                if name not in row:
                    continue
                if name in sealed:
                    row[name] = (
                        key.seal(cell_name("customers_customer", name, pk), text.encode()) if text else None
                    )
                else:
                    row[name] = text or (False if name.startswith("is_") else row[name])
            row |= {
                "id": pk,
                "merchant_id": own.pk,
                "wrapped_key": wrapped,
                "origin": "pack",
                "stage": "draft",
                "email_key": record["email"].casefold(),
                "phone_index": keyed_index("phone", record["phone_number"], version),
                "id_number_index": number_index("id_number", record["id_number"], version),
                "token": correlation_token(own.uid, "individual", record["email"]),
                "created_at": now,
                "updated_at": now,
            }
            yield [row[column] for column in columns]

    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        while chunk := [record for _, record in zip(range(2_000), reader, strict=False)]:
            names = ", ".join(f'"{column}"' for column in columns)
            statement = f"COPY customers_customer ({names}) FROM STDIN"
            with transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows(chunk):
                    copy.write_row(row)
            count += len(chunk)
    return count


def peer(path: Path) -> int:
    """django-import-export with `use_bulk`, cleaning each row, into a plain table."""
    import tablib
    from django.db import connection, models
    from import_export import resources

    from customers.lists import OCCUPATIONS, SOURCES_OF_FUNDS

    class Person(models.Model):
        merchant = models.IntegerField(default=0)
        email = models.EmailField()
        phone_number = models.CharField(max_length=20)
        first_name = models.CharField(max_length=255)
        last_name = models.CharField(max_length=255)
        dob = models.DateField()
        address = models.CharField(max_length=500)
        postcode = models.CharField(max_length=20)
        city = models.CharField(max_length=255)
        country = models.CharField(max_length=2)
        nationality = models.CharField(max_length=2)
        country_of_residence = models.CharField(max_length=2)
        id_number = models.CharField(max_length=100, blank=True)
        occupation = models.CharField(max_length=255, choices=[(name, name) for name in OCCUPATIONS])
        source_of_funds = models.CharField(max_length=255, choices=[(n, n) for n in SOURCES_OF_FUNDS])
        doc_type = models.CharField(max_length=40)
        doc_number = models.CharField(max_length=128)
        doc_expire = models.DateField()
        doc_country = models.CharField(max_length=2)
        is_pip = models.BooleanField(default=False)

        class Meta:
            app_label = "portal"
            db_table = "bench_person"
            unique_together = [("merchant", "email")]

        def __str__(self) -> str:
            return self.email

    class People(resources.ModelResource):
        class Meta:
            model = Person
            fields = ("merchant", *PEER_COLUMNS)
            import_id_fields = ("merchant", "email")
            use_bulk = True
            batch_size = 1_000
            clean_model_instances = True
            skip_unchanged = False
            force_init_instance = False

    if Person._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Person)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with path.open(encoding="utf-8", newline="") as file:
        dataset = tablib.Dataset(headers=("merchant", *PEER_COLUMNS))
        for record in csv.DictReader(file):
            dataset.append(
                ["0", *(record[name] or ("0" if name == "is_pip" else "") for name in PEER_COLUMNS)]
            )
    result = People().import_data(dataset, raise_errors=True)
    assert not result.has_errors()
    assert not result.has_validation_errors(), result.invalid_rows[0].error
    return result.totals["new"]


WAYS: dict[str, Callable[[Path], int]] = {"ours": ours, "floor": floor, "peer": peer}


def main(way: str, path: str) -> None:
    django.setup()
    from django.db import connection

    connection.ensure_connection()
    before, started = memory_mib("VmRSS"), time.perf_counter()
    count = WAYS[way](Path(path))
    seconds = time.perf_counter() - started
    print(
        json.dumps({"rows": count, "seconds": seconds, "start_mib": before, "peak_mib": memory_mib("VmHWM")})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
