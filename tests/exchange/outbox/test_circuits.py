"""When a call rests: on failures, on refusals of one customer after another, never on one customer's."""

import threading
import uuid
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from exchange.outbox import circuits
from exchange.outbox.circuits import Circuits, Standing
from exchange.outbox.decisions import hold, retry
from exchange.outbox.models import Circuit, Intent
from exchange.outbox.standstill import ask_again
from exchange.outbox.vitals import circuit_states
from tests.factories import make_submitted_individual

pytestmark = pytest.mark.django_db(transaction=True)
CALL = "upload_document"
REFUSED = {"kind": "error_before", "status": 404, "route": "documents*"}


def refuse(*customers):
    seen = Circuits()
    for customer in customers:
        seen.refused(CALL, customer)
    return seen


def people(count):
    return [uuid.uuid4() for _ in range(count)]


def test_three_customers_refused_in_a_row_open_it():
    one, two, three = people(3)
    assert not refuse(one, two).is_open(CALL)
    assert refuse(three).is_open(CALL)
    (shown,) = circuit_states()
    assert (shown.is_open, shown.refusals, shown.failures) == (True, 3, 0)
    assert shown.next_probe_at > shown.opened_at


def test_one_customers_refusals_count_once_however_many_there_are():
    one, two = people(2)
    assert not refuse(one, one, one, two, one, two).is_open(CALL)


def test_any_other_answer_between_them_starts_the_count_again():
    one, two, three = people(3)
    refuse(one, two).answered(CALL)
    assert not refuse(three).is_open(CALL)
    assert refuse(one, two).is_open(CALL)


def test_a_refusal_is_an_answer_so_failures_before_it_count_no_more():
    seen = Circuits()
    for _ in range(4):
        seen.failed(CALL)
    refuse(*people(1))
    seen.failed(CALL)
    assert not seen.is_open(CALL)


def test_what_was_under_way_when_it_opened_does_not_lengthen_its_rest():
    seen = refuse(*people(3))
    for customer in people(10):
        seen.refused(CALL, customer)
        seen.failed(CALL)
    assert Circuit.objects.get().refusals == 3
    assert 0 < seen.rest_ms(CALL) <= circuits.FIRST_OPEN_MS


def test_one_probe_at_a_time_and_each_that_fails_doubles_the_rest():
    seen = refuse(*people(3))
    for doubled in (2, 4, 8):
        Circuit.objects.update(open_until_ms=1)
        seen.look_again()
        assert seen.wait_ms(CALL) == 0
        assert Circuits().wait_ms(CALL) > 0
        seen.refused(CALL, uuid.uuid4())
        assert seen.rest_ms(CALL) == pytest.approx(doubled * 1000, abs=500)


def test_a_probe_that_is_answered_closes_it():
    seen = refuse(*people(3))
    Circuit.objects.update(open_until_ms=1)
    seen.look_again()
    assert seen.wait_ms(CALL) == 0
    seen.answered(CALL)
    assert not seen.is_open(CALL)
    row = Circuit.objects.get()
    assert (row.refusals, row.refused_of, row.opened_ms) == (0, "", None)


def test_threads_that_are_refused_at_once_are_all_counted():
    together = threading.Barrier(3)

    def one(customer):
        together.wait()
        Circuits().refused(CALL, customer)
        connection.close()

    threads = [threading.Thread(target=one, args=[customer]) for customer in people(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Circuit.objects.get().refusals == 3


def test_the_rest_has_an_end():
    assert Standing(refusals=99).rest_ms == Standing(failures=99).rest_ms == circuits.LAST_OPEN_MS


# --- With the exchange ------------------------------------------------------------------------------


@pytest.fixture
def short_rests(monkeypatch):
    monkeypatch.setattr(circuits, "FIRST_OPEN_MS", 50)
    monkeypatch.setattr(circuits, "LAST_OPEN_MS", 400)


def uploads(state):
    return Intent.objects.filter(topic="document.upload", state=state).count()


def test_a_call_refused_to_everybody_rests_and_the_backlog_is_delivered_once_it_is_taken(exchange, deliver):
    for _ in range(6):
        make_submitted_individual()
    exchange.set_faults(REFUSED)
    deliver(lanes=1, until="nothing_due")
    assert Circuit.objects.get(endpoint=CALL).refusals >= 3
    # The two customers before it opened are for staff; the others wait with their documents.
    assert (uploads("waiting_for_staff"), uploads("pending")) == (6, 12)
    assert set(Intent.objects.filter(state="pending").values_list("tries", flat=True)) == {0}

    exchange.clear_faults()
    ask_again()
    deliver(lanes=1)
    assert (uploads("waiting_for_staff"), uploads("pending"), uploads("done")) == (6, 0, 12)
    assert not circuit_states()[0].is_open


@pytest.mark.parametrize(("ours", "theirs"), [("2026-02", "2026-04"), ("2026-04", "2026-02")])
def test_a_wrong_dialect_rests_the_uploads_and_costs_a_few_documents_at_most(
    exchange, deliver, settings, ours, theirs
):
    for _ in range(6):
        make_submitted_individual()
    settings.EXCHANGE_DIALECT = ours
    exchange.set_faults(dialect=theirs)
    deliver(lanes=1, until="nothing_due")
    assert uploads("pending") == 12
    waiting = Intent.objects.filter(topic="document.upload", state="waiting_for_staff")
    assert set(waiting.values_list("reason", flat=True)) == {"refused_by_exchange"}

    settings.EXCHANGE_DIALECT = theirs
    ask_again()
    deliver(lanes=1)
    assert (uploads("pending"), uploads("done")) == (0, 12)
    for intent in waiting:
        retry(intent)
    deliver(lanes=1)
    assert uploads("done") == 18


def test_three_refused_documents_of_one_customer_are_that_customers_matter(exchange, deliver):
    make_submitted_individual()
    exchange.set_faults(REFUSED)
    deliver(lanes=1)
    assert uploads("waiting_for_staff") == 3
    assert not circuit_states()[0].is_open


def test_owners_who_have_as_many_documents_as_may_be_rest_nobody(exchange, deliver):
    """Each is refused for itself, one after another: that is no reason to send no document at all."""
    for _ in range(4):
        customer = make_submitted_individual(documents=("Passport", "Selfie"))
        selfie = customer.documents.get(doc_type="Selfie")
        hold(Intent.objects.get(topic="document.upload", subject_id=selfie.pk))
    deliver(lanes=1)
    exchange.set_faults(doc_limit=1)
    for held in Intent.objects.filter(is_held=True):
        hold(held, is_held=False)
    deliver(lanes=1, until="nothing_due")
    assert (uploads("done"), uploads("waiting_for_staff"), uploads("pending")) == (4, 4, 0)
    assert not any(circuit.is_open for circuit in circuit_states())


def test_a_customer_who_is_refused_for_itself_keeps_no_circuit_open(exchange, deliver, short_rests):
    chosen = [make_submitted_individual(documents=("Selfie",)) for _ in range(4)]
    marks = [{**REFUSED, "match": document.doc_type} for document in chosen[0].documents.all()]
    exchange.set_faults(*marks)
    deliver(lanes=1, until="nothing_due")
    assert uploads("pending") == 2
    # Their probes are refused; one who is taken closes it.
    healthy = make_submitted_individual(documents=("Passport",))
    deliver(lanes=1)
    assert healthy.documents.get().delivery == "sent"
    assert (uploads("pending"), uploads("waiting_for_staff")) == (0, 4)


def test_without_the_count_every_customer_would_be_turned_down_one_by_one(exchange, deliver, monkeypatch):
    """Teeth: with the refusals not counted, the whole backlog lands on the staff's desk."""
    monkeypatch.setattr(Circuits, "refused", lambda *_: None)
    for _ in range(4):
        make_submitted_individual()
    exchange.set_faults(REFUSED)
    deliver(lanes=1, until="nothing_due")
    assert uploads("waiting_for_staff") == 12


def test_a_command_that_waits_until_idle_ends_and_says_which_call_is_refused(exchange, short_rests):
    for _ in range(4):
        make_submitted_individual(documents=("Selfie",))
    exchange.set_faults(REFUSED)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("deliver_outbox", "--until-idle", "--lanes", "1", stdout=out)
    assert ended.value.code == 1
    assert "refuses upload_document for every customer" in out.getvalue()
    assert uploads("pending") == 2

    # Whoever has mended it starts the command again, and nobody waits for a rest to end.
    exchange.clear_faults()
    Circuit.objects.filter(endpoint=CALL).update(open_until_ms=2**50)
    with pytest.raises(SystemExit):
        call_command("deliver_outbox", "--until-idle", "--lanes", "1", stdout=StringIO())
    assert (uploads("pending"), uploads("done"), uploads("waiting_for_staff")) == (0, 2, 2)
