"""Writes that are one commit: all of them or none, each thread's for itself."""

import threading
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection

from exchange.outbox import together
from exchange.outbox.database import run, write_turn
from exchange.outbox.together import Unmet, Write, found_by, write_together

pytestmark = pytest.mark.django_db(transaction=True)


def turn(merchant: str, taken: int = 0) -> Write:
    return Write("INSERT INTO exchange_turn (merchant_uid, taken) VALUES (%s, %s)", (merchant, taken))


def taken(merchant: str, count: int) -> Write:
    return Write(
        "UPDATE exchange_turn SET taken = %s WHERE merchant_uid = %s RETURNING taken",
        (count, merchant),
        must=True,
    )


def held() -> dict[str, int]:
    return dict(run("SELECT merchant_uid, taken FROM exchange_turn ORDER BY merchant_uid"))


def test_all_of_it_is_written():
    write_together([turn("A", 1)])
    write_together([taken("A", 2), turn("B", 7)])
    assert held() == {"A": 2, "B": 7}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_finds_no_row_undoes_the_others(place):
    write_together([turn("A", 1)])
    writes = [taken("A", 2), turn("B", 7)]
    writes.insert(place, taken("nobody", 1))
    with pytest.raises(Unmet):
        write_together(writes)
    assert held() == {"A": 1}


def test_one_that_fails_undoes_the_others():
    write_together([turn("A", 1)])
    with pytest.raises(IntegrityError):
        write_together([turn("B", 7), turn("A", 3)])
    assert held() == {"A": 1}


def test_within_a_transaction_it_is_told_which_found_a_row():
    write_together([turn("A", 1)])
    assert found_by([taken("A", 2), turn("B"), taken("nobody", 1)]) == [True, False]
    assert held() == {"A": 2, "B": 0}


def in_threads(*writes: list[Write]) -> dict[int, str]:
    """Each list by a thread of its own, all at once; the kind of error of those that failed."""
    errors: dict[int, str] = {}

    def work(number: int) -> None:
        try:
            write_together(writes[number])
        except Exception as error:
            errors[number] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(writes))]
    with all_waiting(len(threads)):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    return errors


@contextmanager
def all_waiting(count: int):
    """On SQLite nobody has the turn before all of them ask for it."""
    with write_turn():
        yield
        if connection.vendor == "sqlite":
            while len(together._waiting) < count:
                pass


def test_what_fails_with_one_threads_writes_is_that_threads_alone():
    write_together([turn("A", 1)])
    errors = in_threads([turn("B", 2)], [taken("nobody", 1)], [turn("A", 9)], [taken("A", 5), turn("C", 3)])
    assert errors == {1: "Unmet", 2: "IntegrityError"}
    assert held() == {"A": 5, "B": 2, "C": 3}


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL groups commits by itself")
def test_whoever_waits_meanwhile_is_committed_for(monkeypatch):
    commits = []

    def counted(sql, params=()):
        commits.append(sql) if sql == "COMMIT" else None
        return run(sql, params)

    monkeypatch.setattr(together, "run", counted)
    assert in_threads(*([turn(f"M{number}")] for number in range(12))) == {}
    assert len(held()) == 12
    assert len(commits) == 1
