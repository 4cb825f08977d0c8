"""Sealed fields through the ORM: plain in Python, sealed in the database, and no way round it."""

import pickle
import uuid
from datetime import date

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, transaction

from customers.models import Customer, Ubo, vault_owner
from tests.customers.people import INDIVIDUAL, UBO
from tests.kyc.onboarding import business, individual
from vault.envelope import CannotOpen, new_data_key
from vault.fields import Sealed, seal_row

pytestmark = pytest.mark.django_db

PLAIN = ("350 Moon Street", "7350", "+27822904047", "0202086471085", "2002-02-08")


@pytest.fixture
def lerato(corner_shop, thandi):
    return individual(corner_shop, thandi)


def dump():
    """Everything that the database holds of customers and their owners, as text."""
    with connection.cursor() as cursor:
        found = []
        for table in ("customers_customer", "customers_ubo", "customers_businessprofile"):
            cursor.execute(f"SELECT * FROM {table}")
            found += [bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor for cell in row]
    return repr(found)


def unsaved(merchant, **fields):
    pk = uuid.uuid4()
    key, wrapped = new_data_key(vault_owner(pk))
    return Customer(
        id=pk,
        merchant=merchant,
        reference=f"R-{pk.hex[:6]}",
        entity_type="individual",
        wrapped_key=wrapped,
        email=f"{pk.hex[:6]}@example.com",
        email_key=f"{pk.hex[:6]}@example.com",
        token=pk.hex[:10],
        **fields,
    )


def test_the_database_holds_no_plain_value(lerato):
    held = dump()
    assert "Gqeberha" in held
    assert [value for value in PLAIN if value in held] == []


def test_values_come_back_typed(lerato):
    stored = Customer.objects.get()
    assert (stored.dob, stored.address, stored.phone_number) == (date(2002, 2, 8), PLAIN[0], PLAIN[2])


def test_an_empty_value_is_null_in_the_database_and_empty_in_python(corner_shop):
    customer = unsaved(corner_shop, address="", dob=None)
    customer.save()
    stored = Customer.objects.get()
    assert (stored.address, stored.dob) == ("", None)
    assert Customer.objects.filter(address__isnull=True, dob__isnull=True).exists()


def test_saving_what_was_only_read_changes_no_value(lerato):
    Customer.objects.get().save()
    Customer.objects.get().save(update_fields=["address"])
    assert Customer.objects.get().address == PLAIN[0]


def test_a_changed_value_is_sealed_anew(lerato):
    stored = Customer.objects.get()
    stored.address = "1 Long Street"
    stored.save(update_fields=["address"])
    assert Customer.objects.get().address == "1 Long Street"
    assert "Long Street" not in dump()


def test_deferred_fields_open_when_they_are_asked_for(lerato):
    stored = Customer.objects.defer("address", "dob").get()
    assert "address" in stored.get_deferred_fields()
    assert stored.address == PLAIN[0]
    assert Customer.objects.only("reference", "wrapped_key").get().dob == date(2002, 2, 8)


def test_refreshing_reads_the_stored_value_again(lerato):
    stored = Customer.objects.get()
    stored.address = "never saved"
    stored.refresh_from_db()
    assert stored.address == PLAIN[0]


def test_bulk_create_seals_each_under_its_own_key(corner_shop):
    made = [unsaved(corner_shop, address=f"{n} Secret Road", dob=date(1980, 1, n + 1)) for n in range(5)]
    Customer.objects.bulk_create(made)
    assert {customer.address for customer in Customer.objects.all()} == {f"{n} Secret Road" for n in range(5)}
    assert "Secret Road" not in dump()


def test_bulk_update_of_a_sealed_field_is_refused_rather_than_stored_plain(lerato):
    stored = Customer.objects.get()
    stored.address = "1 Long Street"
    with pytest.raises(FieldError), transaction.atomic():
        Customer.objects.bulk_update([stored], ["address"])
    assert Customer.objects.get().address == PLAIN[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("address", "1 Long Street"), ("address", b"1 Long Street"), ("dob", date(1990, 1, 1))],
)
def test_a_plain_update_is_refused(lerato, name, value):
    with pytest.raises(FieldError), transaction.atomic():
        Customer.objects.update(**{name: value})
    assert Customer.objects.get().address == PLAIN[0]


@pytest.mark.parametrize("lookup", ["address", "address__contains", "dob", "dob__gte", "phone_number__in"])
def test_a_sealed_column_can_not_be_filtered_on(lerato, lookup):
    with pytest.raises((FieldError, TypeError)):
        list(Customer.objects.filter(**{lookup: ["x"] if lookup.endswith("__in") else "x"}))


def test_values_of_a_sealed_field_stay_sealed(lerato):
    (sealed,) = Customer.objects.values_list("address", flat=True)
    assert PLAIN[0].encode() not in bytes(sealed)


def test_a_cell_copied_to_another_row_does_not_open(corner_shop, thandi, lerato):
    other = individual(corner_shop, thandi, reference="C-2", email="sipho@example.com")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET address ="
            " (SELECT address FROM customers_customer WHERE reference = 'C-1') WHERE reference = 'C-2'"
        )
    with pytest.raises(CannotOpen):
        _ = Customer.objects.get(pk=other.pk).address


def test_a_cell_copied_to_another_column_does_not_open(lerato):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET postcode = address")
    with pytest.raises(CannotOpen):
        _ = Customer.objects.get().postcode


def test_a_key_copied_from_another_customer_opens_nothing(corner_shop, thandi, lerato):
    other = individual(corner_shop, thandi, reference="C-2", email="sipho@example.com")
    Customer.objects.filter(pk=lerato.pk).update(wrapped_key=bytes(other.wrapped_key))
    with pytest.raises(CannotOpen):
        _ = Customer.objects.get(pk=lerato.pk).address


def test_two_owners_of_one_business_can_not_swap_values(corner_shop, thandi):
    joe = {**UBO, "email": "joe@example.com", "ownership_percentage": "40", "address": "2 Side Street"}
    business(corner_shop, thandi, ubos=(UBO, joe))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_ubo SET address = (SELECT address FROM customers_ubo WHERE position = 0)"
        )
    jane, joe = Ubo.objects.order_by("position")
    assert jane.address == UBO["address"]
    with pytest.raises(CannotOpen):
        _ = joe.address


def test_emptying_the_key_makes_everything_sealed_unreadable(lerato):
    Customer.objects.update(wrapped_key=b"")
    stored = Customer.objects.get()
    assert stored.city == INDIVIDUAL["city"]
    with pytest.raises(CannotOpen, match="destroyed"):
        _ = stored.dob


def test_a_sealed_field_is_not_serialised(lerato):
    with pytest.raises(FieldError):
        serializers.serialize("json", Customer.objects.all())


def test_a_pickled_customer_carries_no_key_and_opens_again(lerato):
    stored = Customer.objects.get()
    stored.vault_key()
    again = pickle.loads(pickle.dumps(stored))
    assert "_vault_key" not in again.__dict__
    assert again.address == PLAIN[0]


def test_a_row_of_sealed_and_plain_values_keeps_the_sealed_and_seals_the_plain(lerato):
    fields = [Customer._meta.get_field(name) for name in ("address", "postcode", "pip_data")]
    stored = bytes(Customer.objects.values_list("address", flat=True).get(pk=lerato.pk))
    lerato.address, lerato.postcode, lerato.pip_data = Sealed(stored), "9999", ""
    kept, made, empty = seal_row(lerato, fields)
    assert (kept, empty) == (stored, None)
    assert fields[1].open_for(lerato, made) == "9999"
