"""Rows written in bulk: what some of them have and others lack, and what may not be written so."""

import pytest
from django.db import transaction

from accounts.models import AuditEntry
from customers.models import Customer
from customers.services import register_customers
from tests.customers.test_registering import a_business, a_person
from vault.bulk import write_values

pytestmark = pytest.mark.django_db


def test_a_column_that_only_one_row_of_a_batch_fills_is_written_for_it_alone(own_merchant, machine):
    register_customers(
        [
            a_person(1, own_merchant),
            a_person(2, own_merchant, is_pip="yes", pip_data="Mayor", doc_expire="2033-01-01"),
            a_person(3, own_merchant),
        ],
        actor=machine,
        origin="pack",
    )
    stored = Customer.objects.order_by("reference")
    assert [(row.pip_data, str(row.doc_expire)) for row in stored] == [
        ("", "None"),
        ("Mayor", "2033-01-01"),
        ("", "None"),
    ]


def test_every_customer_of_a_batch_has_an_audit_entry_of_its_own(own_merchant, corner_shop, machine):
    people = [a_person(number, own_merchant) for number in range(4)]
    register_customers([*people, a_business(corner_shop)], actor=machine, origin="pack")
    entries = AuditEntry.objects.filter(action="customer.register").order_by("id")
    expected = [
        (row.pk, row.pk, row.merchant.uid, {"origin": "pack", "ubos": row.ubos.count()})
        for row in Customer.objects.order_by("reference")
    ]
    assert [(e.subject_id, e.customer_id, e.merchant_uid, e.details) for e in entries] == expected
    assert {(e.actor_id, e.outcome, e.subject_type, str(e.changes)) for e in entries} == {
        (machine.pk, "done", "customer", "{}")
    }


def test_bare_rows_of_a_table_with_sealed_columns_are_refused():
    with transaction.atomic(), pytest.raises(TypeError, match="sealed"):
        write_values(Customer, ["id", "phone_number"], [])
