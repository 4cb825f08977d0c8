"""Customers are registered one by one and in bulk by the same rules, and nobody is lost or doubled."""

import threading

import pytest
from django.db import connection, connections

from accounts.models import AuditEntry
from customers import register
from customers.candidates import judge
from customers.change import Frozen, StaleVersion
from customers.models import BusinessProfile, Customer, Ubo
from customers.problems import Refused
from customers.records import new_customer, new_profile, new_ubos
from customers.services import Entry, change_customer, register_customer, register_customers
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, UBO
from vault.indexes import keyed_index, number_index
from vault.tokens import correlation_token

pytestmark = pytest.mark.django_db


def a_person(number, merchant, **changes):
    data = {**INDIVIDUAL, "reference": f"C-{number}", "email": f"person{number}@example.com", **changes}
    return judge(data, merchant=merchant, today=TODAY)


def a_business(merchant, reference="B-1", **changes):
    data = {**BUSINESS, "entity_type": "business", "reference": reference, **changes}
    return judge(
        data,
        [UBO, {**UBO, "email": "two@example.com", "ownership_percentage": "40"}],
        merchant=merchant,
        today=TODAY,
    )


def plain(row):
    """Every column of a stored row, opened, but for what is drawn anew for each."""
    stored = type(row).objects.get(pk=row.pk)
    drawn = {"id", "customer", "wrapped_key", "created_at", "updated_at"}
    return {
        field.name: getattr(stored, field.attname)
        for field in stored._meta.concrete_fields
        if field.name not in drawn
    }


def test_a_row_written_in_bulk_is_like_one_written_by_the_orm_field_by_field(own_merchant, machine):
    for candidate in (
        a_person(1, own_merchant, is_pip="yes", pip_data="Mayor", doc_number="A1", doc_expire="2033-01-01"),
        a_business(own_merchant, **{"business_profile.jurisdictions_of_operation": ["GB", "US"]}),
    ):
        (bulk,) = register_customers([candidate], actor=machine, origin="pack")
        written = {Customer: [plain(bulk.customer)]}
        if candidate.is_business:
            written[BusinessProfile] = [plain(bulk.customer.business_profile)]
            written[Ubo] = [plain(ubo) for ubo in bulk.customer.ubos.all()]
        Customer.objects.all().delete()
        now = bulk.customer.created_at
        customer = new_customer(candidate, own_merchant, origin="pack", now=now)
        customer.made_by = machine
        customer.save(force_insert=True)
        by_orm = {Customer: [plain(customer)]}
        if candidate.is_business:
            profile, ubos = new_profile(candidate, customer), new_ubos(candidate, customer)
            for row in (profile, *ubos):
                row.save(force_insert=True)
            by_orm[BusinessProfile], by_orm[Ubo] = [plain(profile)], [plain(ubo) for ubo in ubos]
        assert written == by_orm
        Customer.objects.all().delete()


def test_what_is_looked_up_and_sent_is_derived(own_merchant, machine):
    register_customers([a_person(1, own_merchant, email="Person1@Example.com")], actor=machine, origin="pack")
    row = Customer.objects.get()
    assert row.email_key == "person1@example.com"
    assert row.phone_index == keyed_index("phone", "+27822904047", 1)
    assert row.id_number_index == number_index("id_number", INDIVIDUAL["id_number"], 1)
    assert row.token == correlation_token(own_merchant.uid, "individual", row.email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone_number, dob, address FROM customers_customer")
        for cell in cursor.fetchone():
            assert b"350" not in bytes(cell)
            assert bytes(cell)[:2] == b"\x01\x01"


def test_a_refusal_carries_every_problem_and_writes_nothing(own_merchant, machine):
    with pytest.raises(Refused) as caught:
        register_customer(
            merchant=own_merchant,
            data={**INDIVIDUAL, "dob": "x", "email": "nobody"},
            actor=machine,
            origin="form",
            today=TODAY,
        )
    assert {problem.field for problem in caught.value.problems} == {"dob", "email"}
    assert not Customer.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_taken_reference_and_a_taken_email_are_refused(own_merchant, corner_shop, machine):
    make = dict(actor=machine, origin="form", today=TODAY)
    register_customer(merchant=own_merchant, data=INDIVIDUAL, **make)
    with pytest.raises(Refused, match="reference_taken"):
        register_customer(merchant=corner_shop, data=INDIVIDUAL, **make)
    with pytest.raises(Refused, match="email_taken"):
        register_customer(merchant=own_merchant, data={**INDIVIDUAL, "reference": "C-2"}, **make)


def test_a_reference_is_made_where_none_is_given(own_merchant, machine):
    done = register_customer(
        merchant=own_merchant, data={**INDIVIDUAL, "reference": ""}, actor=machine, origin="form", today=TODAY
    )
    assert done.customer.reference.startswith("C-")


def test_one_bad_row_of_a_batch_leaves_the_others(own_merchant, machine):
    batch = [a_person(1, own_merchant), a_person(2, own_merchant, dob="x"), a_person(3, own_merchant)]
    done = register_customers(batch, actor=machine, origin="pack")
    assert [row.entry for row in done] == [Entry.REGISTERED, Entry.REFUSED, Entry.REGISTERED]
    again = register_customers([a_person(1, own_merchant)], actor=machine, origin="pack")
    assert again[0].entry is Entry.ALREADY_THERE


def test_somebody_who_comes_between_is_found_and_the_rest_is_written(own_merchant, machine, monkeypatch):
    batch = [a_person(number, own_merchant) for number in range(4)]
    batch[2].values["email"] = batch[2].values["email_key"] = "taken@example.com"
    real, calls = register._write, []

    def write_after_somebody_else(rows, actor):
        if not calls:
            calls.append(1)
            others = [a_person(0, own_merchant), a_person(9, own_merchant, email="taken@example.com")]
            real([register.prepare(other, origin="pack") for other in others], actor)
            calls.append(Customer.objects.count())
        real(rows, actor)

    monkeypatch.setattr(register, "_write", write_after_somebody_else)
    # What the other one wrote in this very transaction is taken back with it, so it is written once more.
    monkeypatch.setattr(
        register, "_compare_again", comparing_after(register._compare_again, own_merchant, machine, real)
    )
    done = register_customers(batch, actor=machine, origin="pack")
    assert [row.entry for row in done] == [
        Entry.ALREADY_THERE,
        Entry.REGISTERED,
        Entry.REFUSED,
        Entry.REGISTERED,
    ]
    assert set(Customer.objects.values_list("reference", flat=True)) == {"C-0", "C-1", "C-3", "C-9"}


def comparing_after(compare, merchant, actor, write):
    from django.db import transaction

    def compare_again(left):
        if not Customer.objects.exists():
            others = [a_person(0, merchant), a_person(9, merchant, email="taken@example.com")]
            with transaction.atomic():
                write([register.prepare(other, origin="pack") for other in others], actor)
        return compare(left)

    return compare_again


@pytest.mark.django_db(transaction=True)
def test_importers_of_the_same_rows_at_once_write_each_row_once():
    from accounts.models import User
    from customers.models import Merchant

    merchant, actor = Merchant.objects.own(), User.objects.machine()
    rows, importers, found, failures = 120, 3, [], []
    start = threading.Barrier(importers)

    def importer(shift):
        try:
            start.wait()
            order = [*range(shift, rows), *range(shift)]
            for place in range(0, rows, 30):
                batch = [a_person(number, merchant) for number in order[place : place + 30]]
                found.extend(done.entry for done in register_customers(batch, actor=actor, origin="pack"))
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=importer, args=(10 * number,)) for number in range(importers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Customer.objects.count() == rows
    assert AuditEntry.objects.filter(action="customer.register").count() == rows
    assert found.count(Entry.REGISTERED) == rows
    assert found.count(Entry.ALREADY_THERE) == rows * (importers - 1)


def test_a_change_writes_what_differs_and_says_which_fields(own_merchant, machine):
    make = dict(actor=machine, today=TODAY)
    customer = register_customer(merchant=own_merchant, data=INDIVIDUAL, origin="form", **make).customer
    same = change_customer(customer=customer, data=INDIVIDUAL, **make)
    assert same.fields == ()
    changed = change_customer(customer=customer, data={**INDIVIDUAL, "email": "new@example.com"}, **make)
    row = Customer.objects.get()
    assert (changed.fields, row.version) == (("email",), 2)
    assert row.token == correlation_token(own_merchant.uid, "individual", "new@example.com")
    assert row.phone_number == "+27822904047"
    assert not AuditEntry.objects.filter(details__icontains="new@example.com").exists()


def test_a_change_is_written_down_field_by_field_masked_unless_it_is_harmless(own_merchant, machine):
    make = dict(actor=machine, today=TODAY)
    owner = {**UBO, "email": "second@example.com", "ownership_percentage": "30"}
    data = {**BUSINESS, "entity_type": "business"}
    customer = register_customer(
        merchant=own_merchant, data=data, ubos=[UBO, owner], origin="form", **make
    ).customer
    first, second = customer.ubos.order_by("position")
    changed = [{**UBO, "country": "GB", "last_name": "Nkosi-Smith"}]
    change_customer(
        customer=customer, data={**data, "business_profile.industry": "Education"}, ubos=changed, **make
    )
    changes = AuditEntry.objects.get(action="customer.change").changes
    assert changes["ubos"] == [[str(first.pk), str(second.pk)], [str(first.pk)]]
    assert changes[f"ubo:{first.pk}.country"] == [UBO["country"], "GB"]
    assert changes["business_profile.industry"] == ["Financial Services", "Education"]
    was, now = changes[f"ubo:{first.pk}.last_name"]
    assert was != now
    assert "Smith" not in str(changes)


def test_a_change_of_what_somebody_else_changed_is_stopped(own_merchant, machine):
    make = dict(actor=machine, today=TODAY)
    customer = register_customer(merchant=own_merchant, data=INDIVIDUAL, origin="form", **make).customer
    change_customer(customer=customer, data={**INDIVIDUAL, "city": "Durban"}, expected_version=1, **make)
    with pytest.raises(StaleVersion):
        change_customer(customer=customer, data={**INDIVIDUAL, "city": "Paarl"}, expected_version=1, **make)
    assert Customer.objects.get().city == "Durban"


def test_a_submitted_customer_is_frozen(own_merchant, machine):
    from django.utils import timezone

    make = dict(actor=machine, today=TODAY)
    customer = register_customer(merchant=own_merchant, data=INDIVIDUAL, origin="form", **make).customer
    Customer.objects.update(stage="submitted", submitted_at=timezone.now())
    with pytest.raises(Frozen):
        change_customer(customer=customer, data={**INDIVIDUAL, "city": "Durban"}, **make)


def test_who_comes_between_the_look_up_and_the_comparison_is_there_and_not_refused(
    own_merchant, machine, monkeypatch
):
    real = register.check_candidates

    def check_after_somebody_else(candidates, *more):
        if not Customer.objects.exists():
            register.write_customers(
                [register.prepare(a_person(0, own_merchant), origin="pack")], actor=machine
            )
        real(candidates, *more)

    monkeypatch.setattr(register, "check_candidates", check_after_somebody_else)
    (done,) = register_customers([a_person(0, own_merchant)], actor=machine, origin="pack")
    assert done.entry is Entry.ALREADY_THERE
