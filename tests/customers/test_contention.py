"""Giving way to somebody else: a transaction that was taken back is done again, and nobody gets an error."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from customers.contention import TRIES_MAX, gives_way
from customers.models import Customer
from tests.factories import make_customer


class Deadlock(Exception):
    sqlstate = "40P01"


def taken_back(times: int):
    """A write that the database takes back so often before it lets it through; who called, and how often."""
    calls = []

    @gives_way
    def write(name: str) -> str:
        calls.append(name)
        if len(calls) <= times:
            raise OperationalError("deadlock detected") from Deadlock()
        return name.upper()

    return write, calls


@pytest.mark.django_db(transaction=True)
def test_what_was_taken_back_is_done_again_from_its_beginning():
    write, calls = taken_back(2)
    assert write("thandi") == "THANDI"
    assert calls == ["thandi"] * 3


@pytest.mark.django_db(transaction=True)
def test_after_the_last_try_the_error_is_told():
    write, calls = taken_back(TRIES_MAX)
    with pytest.raises(OperationalError):
        write("thandi")
    assert len(calls) == TRIES_MAX


@pytest.mark.django_db(transaction=True)
def test_within_a_callers_transaction_it_is_the_callers_to_do_again():
    write, calls = taken_back(1)
    with pytest.raises(OperationalError), transaction.atomic():
        write("thandi")
    assert calls == ["thandi"]


@pytest.mark.django_db(transaction=True)
def test_another_error_of_the_database_is_no_reason_to_try_again():
    calls = []

    @gives_way
    def write() -> None:
        calls.append(1)
        raise OperationalError("server closed the connection unexpectedly")

    with pytest.raises(OperationalError):
        write()
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_lock_each_other_out_both_get_done():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: nobody can lock another out")
    pair = [make_customer(first_name="Ada"), make_customer(first_name="Ben")]
    both_hold_one = threading.Barrier(2)
    meet = [True, True]

    def work(place: int) -> None:
        @gives_way
        def write() -> None:
            for number, customer in enumerate(pair if place else pair[::-1]):
                row = Customer.objects.select_for_update().get(pk=customer.pk)
                row.version += 1
                row.save(update_fields=["version"])
                if not number and meet[place]:
                    meet[place] = False
                    both_hold_one.wait(10)

        try:
            write()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert list(Customer.objects.values_list("version", flat=True)) == [3, 3]


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr("customers.contention.PATIENCE_SECONDS", 0.0)
    write, calls = taken_back(1)
    with pytest.raises(OperationalError):
        write("thandi")
    assert len(calls) == 1
