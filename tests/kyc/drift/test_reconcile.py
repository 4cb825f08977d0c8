"""`manage.py reconcile` and the worker's job, against the sandbox."""

import json
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.policy import NotAllowed
from customers.choices import Origin
from customers.models import Customer, Merchant
from exchange.client.bodies import individual_body
from exchange.outbox.models import Intent
from exchange.outbox.recovery import begin_recovery, note_recovery
from kyc.drift.asked import do_what_was_asked, is_anything_asked
from kyc.drift.choices import RunState
from kyc.drift.models import DriftRow, DriftRun
from kyc.drift.reconciling import SILENT, reconcile, request_run
from kyc.drift.taking_in import NothingIsTakenIn, ask_to_take_in, take_in
from kyc.verification import poll_verifications
from tests.factories import PERSON, make_customer, make_submitted_business, make_submitted_individual

pytestmark = pytest.mark.django_db(transaction=True)


def command(*arguments):
    """Exit code, output and error output."""
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return end.code, out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue()


def found(*arguments):
    """Exit code and {uid: (kind, code, fields)}."""
    code, out, _err = command("--json", *arguments)
    return code, {row["uid"]: (row["kind"], row["code"], row["fields"]) for row in json.loads(out)["drift"]}


@pytest.fixture
def settled(exchange, deliver, ask, machine):
    """Deliver what was made, and take over what became of it."""
    exchange.set_faults(review_seconds=0)

    def run():
        deliver()
        poll_verifications(ask, actor=machine)

    return run


@pytest.fixture
def acme(exchange):
    return Merchant.objects.create(uid=exchange.add_merchant(name="Acme"), name="Acme")


def made_there(ask, email, merchant_uid=None, **fields):
    person = {**PERSON, "country_of_residence": "ZA", "email": email, **fields}
    return ask.create_customer(
        individual_body(person, account_name="Somebody Else", merchant_uid=merchant_uid)
    ).uid


def test_what_was_delivered_is_the_same_on_both_sides_masked_and_in_detail(exchange, settled, acme):
    make_submitted_individual(merchant=acme)
    make_submitted_individual()
    make_submitted_business(merchant=acme)
    settled()
    exchange.set_faults(masking=True)
    code, out, err = command("--full")
    assert (code, err) == (0, "")
    assert "3 here, 3 at the exchange, 2 merchants: 0 differences." in out
    assert "3 compared in detail." in out


def test_each_difference_is_named_with_what_to_do(exchange, settled, ask, acme):
    same, renamed, changed, forgotten = (make_submitted_individual(merchant=acme) for _ in range(4))
    settled()
    stranger = made_there(ask, "stranger@example.com", acme.uid)
    for customer in (same, renamed, changed, forgotten):
        customer.refresh_from_db()
    ask.update_customer(renamed.uid, custom_id="THEIRS-1")
    changed.dob = changed.dob.replace(year=1971)
    changed.save(update_fields=["dob"])
    Customer.objects.filter(pk=forgotten.pk).update(uid="CCT-NEVER-THERE")
    exchange.set_faults(masking=True)

    expected = {
        renamed.uid: ("differs", "fields", ["custom_id"]),
        stranger: ("only_there", "stranger", []),
        "CCT-NEVER-THERE": ("only_here", "not_listed", []),
        # Its token is known, and bound to another uid.
        forgotten.uid: ("only_there", "extra_copy", []),
    }
    assert found() == (1, expected)
    expected["CCT-NEVER-THERE"] = ("only_here", "no_such_account", [])
    expected[changed.uid] = ("differs", "fields", ["dob"])
    assert found("--full") == (1, expected)

    _code, out, _err = command()
    assert "ask who, and have it set back to ours" in out
    assert not any(secret in out for secret in ("stranger@example.com", "Mokoena", "Somebody Else"))


def test_a_customer_deleted_here_is_found_by_its_token(settled, ask):
    customer = make_submitted_individual(documents=())
    settled()
    customer.refresh_from_db()
    uid = customer.uid
    customer.delete()
    assert found() == (1, {uid: ("only_there", "unknown_token", [])})


def test_an_account_with_our_token_is_not_taken_in_and_found_by_its_customer(settled, ask, thandi):
    """As after a restore: a record in its place would keep the customer out for good."""
    customer = make_submitted_individual(documents=())
    settled()
    customer.refresh_from_db()
    uid, email, reference = customer.uid, customer.email, customer.reference
    customer.delete()
    code, out, _err = command("--take-in")
    assert (code, "import its customer again" in out.replace("\n", " ")) == (1, True)
    assert not Customer.objects.exists()
    # One that was asked for by an earlier version waits for nobody.
    DriftRow.objects.update(take_in="asked", take_in_asked_by=thandi)
    do_what_was_asked()
    assert not is_anything_asked()
    assert DriftRow.objects.get().obstacle == "our_token"

    customer = make_submitted_individual(documents=(), email=email, reference=reference)
    settled()
    customer.refresh_from_db()
    assert customer.uid == uid


def test_the_own_list_leaves_out_what_belongs_to_others(settled, ask, acme, own_merchant):
    theirs, ours = make_submitted_individual(merchant=acme), make_submitted_individual()
    settled()
    stranger = made_there(ask, "theirs@example.com", acme.uid)
    mine = made_there(ask, "mine@example.com")
    assert found("--merchant", "self") == (1, {mine: ("only_there", "stranger", [])})
    assert found("--merchant", acme.uid) == (1, {stranger: ("only_there", "stranger", [])})
    rows = {row.uid: row.merchant_uid for row in DriftRun.objects.get(merchant_uid=acme.uid).rows.all()}
    assert rows == {stranger: acme.uid}
    assert found()[1].keys() == {stranger, mine}
    assert (theirs.merchant, ours.merchant) == (acme, own_merchant)


def test_a_customer_listed_under_another_merchant_is_told(settled, acme):
    customer = make_submitted_individual()
    settled()
    customer.refresh_from_db()
    Customer.objects.filter(pk=customer.pk).update(merchant=acme)
    assert found() == (1, {customer.uid: ("differs", "other_merchant", ["merchant_uid"])})


def test_a_merchant_whose_list_is_refused_is_told_of_and_nothing_is_said_to_be_missing_from_it(
    exchange, settled, acme
):
    make_submitted_individual(merchant=acme)
    settled()
    Customer.objects.update(uid="CCT-NEVER-THERE")
    exchange.set_faults({"kind": "error_before", "status": 404, "route": "*list*"})
    code, out, err = command("--merchant", acme.uid)
    assert (code, acme.uid in err, "Only here" in out) == (2, True, False)


def test_a_create_that_is_not_settled_is_no_drift(exchange, deliver, settled, ask):
    customer = make_submitted_individual(documents=())
    settled()
    customer.refresh_from_db()
    from exchange.outbox.models import Intent

    Customer.objects.filter(pk=customer.pk).update(uid=None, stage="submitted")
    Intent.objects.filter(lane_id=customer.pk, topic="customer.create").update(state="unknown", done_ms=None)
    code, out, _err = command("--json")
    assert (code, json.loads(out)["under_way"]) == (0, 1)


def test_without_the_exchange_it_says_so_and_the_failed_run_is_kept(settings, own_merchant):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    code, _out, err = command()
    assert code == 2
    assert "Nothing here was changed" in err
    run = DriftRun.objects.get()
    assert (run.state, bool(run.error_code), run.finished_at is None) == (RunState.FAILED, True, False)


def test_a_merchant_that_is_not_known_can_not_be_compared(exchange):
    assert command("--merchant", "CCT-NOBODY")[0] == 2


def test_a_business_found_there_is_taken_in_as_a_record_that_is_only_read(
    exchange, settled, ask, machine, staff_page
):
    business = make_submitted_business()
    settled()
    business.refresh_from_db()
    uid, email = business.uid, business.email
    business.delete()
    exchange.set_faults(account_name="custom_id")
    code, out, _err = command("--take-in", "--json")

    assert code == 0
    customer = Customer.objects.get(uid=uid)
    assert (customer.origin, customer.email, customer.is_editable) == (Origin.EXCHANGE, email, False)
    assert (customer.stage, customer.entity_type) == ("at_exchange", "business")
    assert AuditEntry.objects.get(action="customer.taken_in").customer_id == customer.pk
    assert json.loads(out)["drift"][0]["take_in"] == "done"
    assert staff_page(f"/customers/{customer.pk}/").status_code == 200
    assert staff_page("/customers/").status_code == 200
    # From now on it is the same on both sides.
    assert command("--full")[0] == 0


def test_a_person_found_there_is_taken_in_without_the_email_that_the_exchange_does_not_tell(
    exchange, ask, machine, own_merchant, deliver, staff_page
):
    uids = [made_there(ask, f"person{number}@example.com") for number in range(2)]
    assert command("--take-in")[0] == 0

    for uid in uids:
        customer = Customer.objects.get(uid=uid)
        assert (customer.origin, customer.email, customer.is_editable) == (Origin.EXCHANGE, "", False)
        assert (customer.entity_type, customer.first_name) == ("individual", PERSON["first_name"])
        assert AuditEntry.objects.get(customer_id=customer.pk).details["has_email"] is False
        assert staff_page(f"/customers/{customer.pk}/").status_code == 200
    assert staff_page("/customers/").status_code == 200
    assert command("--full")[0] == 0
    # Nothing of it is ever sent, and what the exchange decides is read.
    deliver()
    assert exchange.state()["documents"] == []
    exchange.verify(uids[0])
    poll_verifications(ask, actor=machine)
    assert Customer.objects.get(uid=uids[0]).stage == "verified"


def test_an_email_that_is_shown_masked_is_not_kept(exchange, settled, ask, machine, monkeypatch):
    from exchange.client import client as client_module

    business = make_submitted_business()
    settled()
    business.delete()
    exchange.set_faults(account_name="custom_id")
    read = client_module.customer_from
    monkeypatch.setattr(
        client_module,
        "customer_from",
        lambda document, **more: read({**document, "email": "i***@example.com"}, **more),
    )
    assert command("--take-in")[0] == 0
    assert Customer.objects.get().email == ""


def test_a_person_that_was_taken_in_and_is_submitted_here_waits_for_staff(
    exchange, settled, ask, own_merchant
):
    """Nobody can tell that they are the same: the e-mail is taken there, and nothing is adopted by it."""
    made_there(ask, "person@example.com")
    assert command("--take-in")[0] == 0
    customer = make_submitted_individual(email="person@example.com")
    settled()
    customer.refresh_from_db()
    intent = Intent.objects.get(topic="customer.create", subject_id=customer.pk)
    assert (customer.uid, intent.reason) == (None, "email_taken_elsewhere")
    assert len(exchange.state()["customers"]) == 1


@pytest.mark.parametrize(
    "state",
    [
        {"state": "unknown", "look_ms": 1},
        {"state": "waiting_for_staff", "reason": "create_outcome_unknown"},
        {"state": "sending"},
    ],
    ids=lambda fields: fields["state"],
)
def test_nothing_is_taken_in_while_a_create_of_the_merchant_is_not_known(ask, acme, own_merchant, state):
    """An exchange may show neither token nor reference: who looks like a stranger may be that customer."""
    made_there(ask, "person@example.com", acme.uid)
    mine = made_there(ask, "mine@example.com")
    make_submitted_individual(merchant=acme)
    Intent.objects.filter(topic="customer.create").update(**state, done_ms=None)
    code, out, _err = command("--take-in")
    assert (code, "settle that first" in out) == (1, True)
    assert list(Customer.objects.filter(origin=Origin.EXCHANGE).values_list("uid", flat=True)) == [mine]
    Intent.objects.filter(topic="customer.create").update(state="given_up", look_ms=None, reason="")
    command("--take-in")
    assert Customer.objects.filter(origin=Origin.EXCHANGE).count() == 2


@pytest.fixture
def restored(settings):
    settings.RECOVERY_EPOCH = "2026-11-28T02:30:00+02:00"
    settings.RECOVERY_EPOCH_MS = 1_795_825_800_000


def recovered():
    begin_recovery()
    note_recovery("scanned_ms")


def test_nothing_is_taken_in_while_a_recovery_is_on_its_way(ask, own_merchant, restored):
    """Whom the restored database forgot would be kept out by a record in the place."""
    uid = made_there(ask, "forgotten@example.com")
    begin_recovery()
    code, out, _err = command("--take-in")
    assert (code, "not read to their end since" in out) == (1, True)
    assert not Customer.objects.exists()
    recovered()
    command("--take-in")
    assert Customer.objects.get().uid == uid


def test_after_a_restore_a_bare_reference_is_not_taken_in_until_the_setting_is_out(
    ask, own_merchant, restored, settings
):
    settings.OUTBOX_TOKEN_FORM = "reference"
    uid = made_there(ask, "forgotten@example.com")
    recovered()
    code, out, _err = command("--take-in", "--json")
    (row,) = json.loads(out)["drift"]
    assert (code, row["take_in"], row["obstacle"]) == (1, "not_possible", "restored")
    assert "carry our reference alone" in command("--take-in")[1]
    assert not Customer.objects.exists()
    settings.RECOVERY_EPOCH, settings.RECOVERY_EPOCH_MS = "", None
    command("--take-in")
    assert Customer.objects.get().uid == uid


def test_what_was_asked_for_before_the_backup_is_not_taken_in_by_the_restored_worker(
    exchange, ask, thandi, own_merchant, settings
):
    made_there(ask, "forgotten@example.com")
    request_run(actor=thandi)
    do_what_was_asked()
    rows = DriftRow.objects.all()
    assert ask_to_take_in(rows, actor=thandi) == 1
    settings.RECOVERY_EPOCH, settings.RECOVERY_EPOCH_MS = "2026-11-28T02:30:00+02:00", 1_795_825_800_000
    do_what_was_asked()
    assert [(row.take_in, row.obstacle) for row in rows.all()] == [("not_possible", "recovering")]
    assert not Customer.objects.exists()
    with pytest.raises(NothingIsTakenIn):
        ask_to_take_in(rows.all(), actor=thandi)


def test_a_create_that_began_after_the_comparison_keeps_nothing_from_being_taken_in(
    ask, machine, own_merchant
):
    uid = made_there(ask, "person@example.com")
    run = reconcile(ask, actor=machine)
    make_submitted_individual()
    later = int(time.time() * 1000) + 1000
    Intent.objects.filter(topic="customer.create").update(state="sending", updated_ms=later)
    assert take_in(ask, run.rows.get(), actor=machine)
    assert Customer.objects.filter(uid=uid).exists()


def test_what_was_taken_in_keeps_no_lost_create_from_being_sent_again(
    exchange, deliver, ask, machine, own_merchant
):
    """It carries no token, since somebody else made it: that says nothing of what the exchange echoes."""
    made_there(ask, "taken.in@example.com")
    assert command("--take-in")[0] == 0
    made_there(ask, "another@example.com")
    customer = make_submitted_individual(documents=())
    exchange.set_faults({"kind": "reset_before", "route": "customers.create", "count": 1})
    deliver()
    customer.refresh_from_db()
    create = Intent.objects.get(topic="customer.create", subject_id=customer.pk)
    assert (create.state, create.attempts.filter(phase="sent").count()) == ("done", 2)
    assert customer.uid in {row["uid"] for row in exchange.state()["customers"]}


def test_a_customer_that_came_another_way_keeps_its_email(own_merchant):
    customer = make_customer()
    with pytest.raises(IntegrityError):
        Customer.objects.filter(pk=customer.pk).update(email="")


def test_what_staff_asked_for_is_done_by_the_worker(exchange, ask, thandi, own_merchant):
    uid = made_there(ask, "person@example.com")
    assert not is_anything_asked()
    run, is_new = request_run(actor=thandi)
    assert (is_new, request_run(actor=thandi)) == (True, (run, False))
    do_what_was_asked()
    run.refresh_from_db()
    assert (run.state, [row.uid for row in run.rows.all()]) == (RunState.DONE, [uid])
    entries = AuditEntry.objects.filter(actor=thandi, action__startswith="drift.")
    assert sorted(entries.values_list("action", flat=True)) == ["drift.reconciled", "drift.requested"]
    assert entries.get(action="drift.reconciled").details["only_there"] == 1

    assert ask_to_take_in(run.rows.all(), actor=thandi) == 1
    assert is_anything_asked()
    do_what_was_asked()
    assert not is_anything_asked()
    assert (run.rows.get().take_in, Customer.objects.get().uid) == ("done", uid)


def test_a_run_whose_process_was_killed_stands_in_nobodys_way(db, thandi):
    run, _new = request_run(actor=thandi)
    from django.utils import timezone

    DriftRun.objects.update(state=RunState.RUNNING, beat_at=timezone.now() - SILENT * 2)
    newer, is_new = request_run(actor=thandi)
    run.refresh_from_db()
    assert (is_new, newer.pk != run.pk, run.state, run.error_code) == (True, True, "failed", "interrupted")


def test_a_run_gives_a_sign_of_life_before_every_call(exchange, settled, ask, machine, acme, monkeypatch):
    """With a rate that was cut, fifty details take longer than a run may be silent."""
    for _ in range(4):
        make_submitted_individual(merchant=acme, documents=())
    settled()
    exchange.set_faults(list_page_cap=1)
    monkeypatch.setattr("kyc.drift.reconciling.BEAT_SECONDS", 0)
    before = sum(exchange.state()["counts"]["answered"].values())
    with CaptureQueriesContext(connection) as queries:
        run = reconcile(ask, actor=machine, merchant=acme, is_full=True)
    calls = sum(exchange.state()["counts"]["answered"].values()) - before
    beats = [query for query in queries if query["sql"].startswith('UPDATE "kyc_driftrun" SET "beat_at"')]
    assert (run.details, calls >= 8, len(beats)) == (4, True, calls)


def test_without_the_right_nothing_is_asked_or_taken_in(exchange, ask, thandi, own_merchant):
    thandi.is_active = False
    thandi.save()
    row = DriftRow(merchant_uid="self", kind="only_there", code="stranger", uid="CCT1")
    for attempt in (
        lambda: request_run(actor=thandi),
        lambda: reconcile(ask, actor=thandi),
        lambda: take_in(ask, row, actor=thandi),
        lambda: ask_to_take_in([row], actor=thandi),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert not DriftRun.objects.exists()


def test_many_customers_cost_as_many_calls_as_they_fill_pages(exchange, settled, ask, machine, monkeypatch):
    for _ in range(3):
        make_submitted_individual(documents=())
    make_customer()
    settled()
    before = sum(exchange.state()["counts"]["answered"].values())
    started = time.monotonic()
    run = reconcile(ask, actor=machine)
    assert sum(exchange.state()["counts"]["answered"].values()) - before == 1
    assert (run.here, run.there, run.rows.count()) == (3, 3, 0)
    assert time.monotonic() - started < 10
