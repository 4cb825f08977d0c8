"""Look-up indexes under a new key: made anew from what is sealed, whoever works on the records meanwhile."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections, transaction

from customers import reindexing
from customers.models import Customer, Ubo
from customers.register import register_customers
from customers.reindexing import people_by_version, reindex_people
from customers.rewrapping import data_keys_by_version
from customers.search import search_customers
from customers.services import change_customer
from portal.key_rotation import rotate
from tests.customers.people import INDIVIDUAL, TODAY
from tests.customers.test_registering import a_business, a_person
from tests.portal.test_known_keys import key, new_process
from vault.index_versions import write_under_newest, writing

ONE, TWO, THREE = key("a"), key("b", 2), key("c", 3)


def phone(number: int) -> str:
    return f"+2782290{number:04d}"


def register(machine, merchant, *numbers: int) -> None:
    people = [a_person(number, merchant, phone_number=phone(number)) for number in numbers]
    register_customers(people, actor=machine, origin="pack")


def found(number: int) -> list[str]:
    return [row.reference for row in search_customers(Customer.objects.all(), phone(number))]


def reindexed() -> int:
    done, shut = reindex_people(lambda count: None)
    assert not shut
    return done


@pytest.fixture
def three(db, settings, monkeypatch, own_merchant, machine):
    """Three customers of before the rotation, taken two at a time; from now on version 2 is written."""
    monkeypatch.setattr(reindexing, "BATCH", 2)
    new_process(settings, ONE)
    register(machine, own_merchant, 1, 2, 3)
    new_process(settings, ONE, TWO)
    with transaction.atomic():
        write_under_newest()


def test_all_are_under_the_new_version_and_found_with_it_alone(three, settings):
    assert people_by_version() == {1: 3}
    assert reindexed() == 3
    assert people_by_version() == {2: 3}
    assert reindexed() == 0
    settings.PORTAL_KEYS = TWO
    assert [found(number) for number in (1, 2, 3)] == [["C-1"], ["C-2"], ["C-3"]]


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_stopped_anywhere_everybody_is_found_and_the_next_run_goes_on(three, monkeypatch, done):
    compute, computed = reindexing.indexes_of, []

    def stopping(*given: object) -> dict[str, str]:
        if len(computed) == done:
            raise KeyboardInterrupt
        computed.append(given)
        return compute(*given)

    with monkeypatch.context() as patch:
        patch.setattr(reindexing, "indexes_of", stopping)
        if done < 3:
            with pytest.raises(KeyboardInterrupt):
                reindexed()
    assert [found(number) for number in (1, 2, 3)] == [["C-1"], ["C-2"], ["C-3"]]
    reindexed()
    assert people_by_version() == {2: 3}
    assert [found(number) for number in (1, 2, 3)] == [["C-1"], ["C-2"], ["C-3"]]


def test_what_was_changed_meanwhile_keeps_the_index_of_what_it_is_now(three, machine, monkeypatch):
    compute = reindexing.indexes_of

    def changed_meanwhile(*given: object) -> dict[str, str]:
        monkeypatch.setattr(reindexing, "indexes_of", compute)
        for customer in Customer.objects.all():
            number = int(customer.reference[2:])
            data = {**INDIVIDUAL, "email": customer.email, "phone_number": phone(number + 10)}
            change_customer(
                customer=customer, data={**data, "reference": customer.reference}, actor=machine, today=TODAY
            )
        return compute(*given)

    monkeypatch.setattr(reindexing, "indexes_of", changed_meanwhile)
    assert reindexed() == 0
    assert people_by_version() == {2: 3}
    assert [found(number) for number in (1, 2, 3, 11, 12, 13)] == [[], [], [], ["C-1"], ["C-2"], ["C-3"]]


def test_a_change_brings_the_indexes_of_a_business_and_its_owners_along(
    three, settings, own_merchant, machine
):
    register_customers([a_business(own_merchant)], actor=machine, origin="pack")
    Ubo.objects.update(index_version=None)
    customer = Customer.objects.get(reference="B-1")
    from tests.customers.people import BUSINESS, UBO

    owners = [{**UBO, "phone_number": phone(77)}, {**UBO, "email": "three@example.com"}]
    owners = [{**owner, "ownership_percentage": "40"} for owner in owners]
    change_customer(
        customer=customer,
        data={**BUSINESS, "reference": "B-1", "entity_type": "business"},
        ubos=owners,
        actor=machine,
        today=TODAY,
    )
    assert {ubo.index_version for ubo in Ubo.objects.all()} == {2}
    settings.PORTAL_KEYS = TWO
    assert found(77) == ["B-1"]


def test_what_does_not_open_is_named_and_left_and_keeps_no_other(three):
    pk = Customer.objects.get(reference="C-2").pk
    Customer.objects.filter(pk=pk).update(wrapped_key=b"\x01\x00\x01" + bytes(60))
    assert reindex_people(lambda count: None) == (2, [pk])
    assert people_by_version() == {1: 1, 2: 2}


def test_an_erased_customer_keeps_no_version(three):
    Customer.objects.update(wrapped_key=b"", phone_index="", id_number_index="")
    assert people_by_version() == {}
    assert reindexed() == 0


def test_each_batch_is_noted(three):
    noted: list[int] = []
    reindex_people(noted.append)
    assert noted == [2, 1]


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_the_rotation_waits_for_whoever_is_writing_under_the_old_version(settings, own_merchant, machine):
    """Their rows are not to be seen yet when it looks for what is old."""
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    has_written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            register(machine, own_merchant, 1)
            has_written.set()
            assert may_commit.wait(30)

    writer = in_a_thread(write)
    assert has_written.wait(30)
    rotation = in_a_thread(lambda: rotate(machine))
    rotation.join(1)
    may_commit.set()
    writer.join(30)
    rotation.join(30)
    assert (people_by_version(), data_keys_by_version()) == ({2: 1}, {2: 1})


@pytest.mark.django_db(transaction=True)
def test_writers_who_work_all_the_while_leave_nothing_behind(settings, monkeypatch, own_merchant, machine):
    monkeypatch.setattr(reindexing, "BATCH", 3)
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    register(machine, own_merchant, *range(10))
    is_over = threading.Event()
    written: list[int] = list(range(10))

    def write(first: int) -> None:
        number = first
        # At least some before, and until after, whatever the machine's pace.
        while not is_over.is_set() or number < first + 5:
            register(machine, own_merchant, number)
            written.append(number)
            number += 1

    writers = [in_a_thread(lambda first=first: write(first)) for first in (1000, 2000)]
    try:
        rotate(machine)
    finally:
        is_over.set()
    for writer in writers:
        writer.join(60)
    assert (people_by_version(), data_keys_by_version()) == ({2: len(written)}, {2: len(written)})
    settings.PORTAL_KEYS = TWO
    assert all(found(number) == [f"C-{number}"] for number in written)


@pytest.mark.django_db(transaction=True)
def test_whoever_asks_while_the_switch_waits_is_told_the_newest(settings):
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: nobody asks while another waits")
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    told = []

    def ask() -> None:
        with transaction.atomic():
            told.append(writing().mark)

    def switch() -> None:
        with transaction.atomic():
            write_under_newest()

    with transaction.atomic():
        assert writing().mark is None
        switching = in_a_thread(switch)
        _until_somebody_waits(1)
        asking = in_a_thread(ask)
        _until_somebody_waits(2)
    switching.join(30)
    asking.join(30)
    assert told == [2]


def _until_somebody_waits(count: int) -> None:
    with connections["default"].cursor() as cursor:
        for _ in range(10_000):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'vault_indexkey'::regclass"
            )
            if cursor.fetchone()[0] >= count:
                return
    raise AssertionError("nobody waits")


def test_of_two_rotations_the_older_is_refused(three, settings):
    from vault.index_versions import OlderKeys

    settings.PORTAL_KEYS = f"{ONE},{TWO},{THREE}"
    with transaction.atomic():
        write_under_newest()
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    with pytest.raises(OlderKeys, match="version 3"):
        reindexed()
    with pytest.raises(OlderKeys, match="version 3"), transaction.atomic():
        write_under_newest()
