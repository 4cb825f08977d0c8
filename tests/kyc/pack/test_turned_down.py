"""A pack handed in again does not submit anew what the exchange turned down and nobody has changed."""

import io

import pytest
from django.core.management import call_command

from customers.models import Customer
from exchange.outbox.models import Intent
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from kyc.submission import submit_for_onboarding
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401
from tests.kyc.pack.packs import hand_in, papers, person, write_pack

pytestmark = pytest.mark.django_db(transaction=True)
REJECTS = {"kind": "error_before", "status": 422, "route": "customers.create"}


@pytest.fixture
def turned_down(tmp_path, machine, exchange, deliver):  # noqa: F811
    """A pack of one person whom the exchange rejected."""
    exchange.set_faults(REJECTS)
    pack = write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1"))
    hand_in(pack, submits=True)
    deliver()
    exchange.clear_faults()
    assert Intent.objects.get(topic="customer.create").reason == "rejected_by_exchange"
    return pack


def creates():
    return Intent.objects.filter(topic="customer.create").count()


def test_the_same_pack_again_changes_nothing_and_says_who_waits(turned_down):
    tally = hand_in(turned_down, submits=True)
    assert (tally.already_there, tally.submitted, tally.turned_down_references) == (1, 0, ["P-1"])
    assert tally.exit_code == 1
    assert (creates(), Customer.objects.get().is_editable) == (1, True)


def test_a_corrected_row_is_submitted_and_delivered(turned_down, exchange, deliver):  # noqa: F811
    write_pack(turned_down, [person(1, city="Durban")], documents=papers("P-1"))
    tally = hand_in(turned_down, submits=True)
    assert (tally.updated, tally.submitted, tally.turned_down) == (1, 1, 0)
    deliver()
    assert len(exchange.state()["customers"]) == 1


def test_a_row_that_was_corrected_before_is_submitted_when_that_is_asked_for(turned_down):
    write_pack(turned_down, [person(1, city="Durban")], documents=papers("P-1"))
    hand_in(turned_down)
    tally = hand_in(turned_down, submits=True)
    assert (tally.already_there, tally.submitted) == (1, 1)


def test_a_person_may_submit_it_as_it_is(turned_down, thandi, exchange, deliver):  # noqa: F811
    submit_for_onboarding(customer=Customer.objects.get(), actor=thandi)
    deliver()
    assert len(exchange.state()["customers"]) == 1


def test_the_command_names_who_was_turned_down(turned_down):
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_pack", str(turned_down), "--submit", stdout=out)
    assert "handed in unchanged; not submitted again:\n  P-1" in out.getvalue()
