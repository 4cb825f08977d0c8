"""Creates whose replies are lost end as one account, bound to the customer that it is of."""

import pytest

from accounts.models import AuditEntry
from customers.models import Customer, Merchant
from exchange.connection import make_client
from exchange.outbox.database import now_ms
from exchange.outbox.models import Attempt, Intent, Lane, Scan
from kyc.models import Document
from tests.factories import (
    make_customer,
    make_document,
    make_submitted_business,
    make_submitted_individual,
    submit,
)
from tests.kyc.reconciliation.hiding import hide_details


def create_of(customer):
    return Intent.objects.filter(topic="customer.create", subject_id=customer.pk).latest("generation")


def emails(exchange):
    return sorted(row["email"] for row in exchange.state()["customers"])


def stranger(customer, **changes):
    """Somebody else makes an account at the exchange with this customer's e-mail."""
    client = make_client()
    body = {
        "entity_type": "individual",
        "account_name": "Someone Else",
        "email": customer.email,
        "phone_number": "+447400999999",
        "first_name": "Someone",
        "last_name": "Else",
        "dob": "1970-01-01",
        "address": "1 Other Road",
        "postcode": "LS1 4AP",
        "city": "Leeds",
        "country": "GB",
        "nationality": "GB",
        "country_of_residence": "GB",
        "occupation": "Historian",
        "source_of_funds": "Salary or Wages",
        **changes,
    }
    try:
        return client.create_customer(body).uid
    finally:
        client.close()


@pytest.mark.parametrize(
    "fault", ["reset_after", "error_after", "html_after", "truncated", "huge", "redirect", "reset_before"]
)
@pytest.mark.parametrize("make", [make_submitted_individual, make_submitted_business])
def test_whatever_happens_to_the_reply_the_customer_is_there_once(exchange, deliver, fault, make):
    customer = make()
    exchange.set_faults({"kind": fault, "route": "customers.create", "count": 1})
    deliver()
    (there,) = exchange.state()["customers"]
    customer.refresh_from_db()
    assert (customer.uid, customer.stage) == (there["uid"], "documents_sent")
    assert {ubo["email"]: ubo["uid"] for ubo in there["ubos"]} == dict(
        customer.ubos.values_list("email", "uid")
    )
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}
    assert not Document.objects.filter(is_flagged=True).exists()


def test_a_request_that_takes_effect_late_is_waited_for(exchange, deliver):
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_late", "seconds": 0.3, "route": "customers.create", "count": 1})
    deliver()
    assert emails(exchange) == [customer.email]
    assert create_of(customer).attempts.filter(phase="sent").count() == 1


@pytest.mark.parametrize(
    "quirks",
    [
        {"list_lag_seconds": 0.3},
        {"list_order": "random"},
        {"list_order": "desc", "list_total": False},
        {"list_page_cap": 2},
        {"masking": True},
        {"account_name": "custom_id"},
        {"ubo_uid_in_create": False},
        {"business_account_name": True, "business_kyc_status": "hidden"},
        {"racy_email_seconds": 0.1},
        {"error_shape": "string"},
        {"email_case": "exact", "ubo_email_scope": "business"},
    ],
    ids=str,
)
def test_under_every_quirk_everybody_is_there_once(exchange, deliver, quirks):
    customers = [make_submitted_individual() for _ in range(4)]
    customers += [make_submitted_business(ubos=2, documents=["Board Resolution"]) for _ in range(2)]
    exchange.set_faults(
        {"kind": "error_after", "route": "customers.create", "probability": 0.4},
        {"kind": "reset_before", "route": "customers.create", "probability": 0.1},
        seed=5,
        **quirks,
    )
    deliver()
    assert emails(exchange) == sorted(customer.email for customer in customers)
    by_email = {row["email"]: row["uid"] for row in exchange.state()["customers"]}
    for customer in customers:
        customer.refresh_from_db()
        assert customer.uid == by_email[customer.email]
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}


def test_all_unknown_creates_of_a_merchant_share_its_scans(exchange, deliver):
    for _ in range(12):
        make_submitted_individual(documents=())
    exchange.set_faults({"kind": "error_after", "route": "customers.create", "count": 4})
    deliver()
    assert Attempt.objects.filter(phase="looked", outcome="applied", reason="token").count() == 4
    assert len(exchange.state()["customers"]) == 12


def test_owners_that_the_exchange_does_not_name_wait_for_staff(exchange, deliver):
    make_submitted_business(ubos=1, documents=["Board Resolution"])
    exchange.set_faults(
        {"kind": "reset_after", "route": "customers.create", "count": 1},
        ubo_uid_in_create=False,
        ubo_uid_in_get=False,
    )
    deliver()
    waiting = Intent.objects.filter(state="waiting_for_staff")
    assert set(waiting.values_list("reason", flat=True)) == {"ubo_uid_unknown"}


def test_three_lost_requests_end_with_staff_and_are_sent_once_more_when_they_say_so(
    exchange, deliver, thandi
):
    from kyc.delivery.decisions import send_after_all

    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_before", "route": "customers.create", "count": 3})
    deliver()
    create = create_of(customer)
    assert (create.state, create.reason) == ("waiting_for_staff", "create_outcome_unknown")
    assert create.attempts.filter(phase="sent").count() == 3
    assert emails(exchange) == []
    send_after_all(intent=create, actor=thandi, reason="Asked the exchange: it has no such account.")
    deliver()
    assert emails(exchange) == [customer.email]


def test_an_email_that_somebody_else_has_is_theirs_and_the_customer_can_be_mended(exchange, deliver):
    customer = make_submitted_individual()
    stranger(customer)
    deliver()
    customer.refresh_from_db()
    assert (create_of(customer).reason, customer.uid) == ("email_taken_elsewhere", None)
    assert customer.is_editable


def test_taken_after_our_own_lost_reply_is_us(exchange, deliver):
    """The list lags behind the settle time, so it was sent again and met its own e-mail."""
    customer = make_submitted_individual()
    exchange.set_faults(
        {"kind": "reset_after", "route": "customers.create", "count": 1}, list_lag_seconds=1.4
    )
    deliver()
    customer.refresh_from_db()
    (there,) = exchange.state()["customers"]
    assert customer.uid == there["uid"]
    outcomes = create_of(customer).attempts.filter(phase="sent").values_list("outcome", flat=True)
    assert set(outcomes) == {"unknown", "taken"}
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}


def forgotten(customer):
    """The same customer in a portal whose database was lost."""
    fields = {"email": customer.email, "reference": customer.reference}
    Lane.objects.all().delete()
    Customer.objects.all().delete()
    return fields


def test_our_token_on_an_account_we_never_made_is_adopted_and_told(exchange, deliver, thandi):
    from kyc.delivery.decisions import acknowledge_intent

    fields = forgotten(_delivered(make_submitted_individual(), deliver))
    customer = make_submitted_individual(**fields)
    deliver()
    create = create_of(customer)
    customer.refresh_from_db()
    assert (create.state, create.reason) == ("waiting_for_staff", "foreign_sender")
    assert customer.uid == exchange.state()["customers"][0]["uid"]
    # Whoever made it may have sent its documents: sent once, and flagged.
    assert Document.objects.filter(is_flagged=True, delivery="sent").count() == 3
    acknowledge_intent(intent=create, actor=thandi, reason="It was the portal before the disk broke.")
    assert create.state == "done"


def _delivered(customer, deliver):
    deliver()
    customer.refresh_from_db()
    return customer


def test_an_account_that_holds_another_person_is_never_adopted(exchange, deliver, thandi):
    from kyc.delivery.decisions import give_up_intent

    fields = forgotten(_delivered(make_submitted_individual(), deliver))
    customer = make_submitted_individual(**fields, last_name="Naidoo")
    deliver()
    create = create_of(customer)
    customer.refresh_from_db()
    assert (create.reason, customer.uid) == ("foreign_sender", None)
    assert create.error_code.startswith("contradicts:")
    give_up_intent(intent=create, actor=thandi, reason="The exchange closes the account.")
    customer.refresh_from_db()
    assert customer.is_editable


def test_of_two_accounts_the_oldest_is_adopted_and_staff_are_told(exchange, deliver):
    customer = make_submitted_individual()
    name = f"Lerato Mokoena [{customer.token}]"
    person = {"first_name": "Lerato", "last_name": "Mokoena", "dob": "1990-02-08"}
    oldest = stranger(customer, account_name=name, **person)
    exchange.set_faults(email_case="exact")
    second = stranger(customer, account_name=name, **person, email=customer.email.upper())
    deliver()
    customer.refresh_from_db()
    create = create_of(customer)
    assert (customer.uid, create.reason, create.error_code) == (
        oldest,
        "exists_more_than_once",
        f"also:{second}",
    )


def test_where_the_exchange_shows_no_token_absence_is_not_proven(exchange, deliver, monkeypatch):
    """An exchange that keeps neither name nor reference: accounts of ours are there and carry nothing."""
    from exchange.client import client as client_module

    first = _delivered(make_submitted_individual(documents=()), deliver)
    read = client_module.customer_row_from

    def nameless(row, uid):
        return read({**row, "account_name": f"Account {uid}", "custom_id": None}, uid)

    monkeypatch.setattr(client_module, "customer_row_from", nameless)
    customer = make_submitted_individual(documents=())
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    create = create_of(customer)
    assert (create.state, create.reason, create.error_code) == (
        "waiting_for_staff",
        "create_outcome_unknown",
        "no_token_echo",
    )
    assert emails(exchange) == sorted([first.email, customer.email])
    assert create.attempts.filter(phase="sent").count() == 1


def test_the_own_merchants_scan_skips_the_others_customers(exchange, deliver):
    merchant = Merchant.objects.create(uid=exchange.add_merchant(name="Corner Shop"), name="Corner Shop")
    own = make_submitted_individual(documents=())
    theirs = make_submitted_individual(documents=(), merchant=merchant, email=own.email)
    exchange.set_faults({"kind": "error_after", "route": "customers.create", "count": 2})
    deliver()
    by_merchant = {row["merchant_uid"]: row["uid"] for row in exchange.state()["customers"]}
    own.refresh_from_db()
    theirs.refresh_from_db()
    assert by_merchant == {None: own.uid, merchant.uid: theirs.uid}


def test_with_the_reference_as_token_the_same_holds(exchange, deliver, settings):
    settings.OUTBOX_TOKEN_FORM = "reference"
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    (there,) = exchange.state()["customers"]
    customer.refresh_from_db()
    assert (there["account_name"], there["uid"]) == (customer.reference, customer.uid)
    assert create_of(customer).attempts.filter(reason="reference", outcome="applied").exists()


@pytest.mark.parametrize("make", [make_submitted_individual, make_submitted_business])
def test_a_reference_alone_adopts_nobody(exchange, deliver, settings, monkeypatch, make):
    settings.OUTBOX_TOKEN_FORM = "reference"
    hide_details(monkeypatch)
    customer = make()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    customer.refresh_from_db()
    create = create_of(customer)
    assert customer.uid is None
    assert (create.state, create.reason) == ("waiting_for_staff", "create_outcome_unknown")
    assert create.error_code == f"unproven:{exchange.state()['customers'][0]['uid']}"
    assert exchange.state()["documents"] == []


def test_somebody_elses_business_under_our_reference_is_not_adopted(exchange, deliver, settings, monkeypatch):
    """Another system counts the same way, and one letter of the registration number is the same."""
    from exchange.client import client as client_module

    settings.OUTBOX_TOKEN_FORM = "reference"
    read = client_module.customer_from
    other = {"legal_name": "Somebody Else Ltd", "registration_number": "2****"}
    monkeypatch.setattr(
        client_module,
        "customer_from",
        lambda document, **more: read({**document, "email": None, "business_profile": other}, **more),
    )
    customer = make_submitted_business()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    customer.refresh_from_db()
    create = create_of(customer)
    assert (customer.uid, create.reason) == (None, "foreign_sender")
    assert create.error_code.startswith("contradicts:")
    assert "company_name" in create.error_code


def test_a_person_whose_last_name_is_masked_is_found_by_the_reference(exchange, deliver, settings):
    settings.OUTBOX_TOKEN_FORM = "reference"
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1}, masking=True)
    deliver()
    customer.refresh_from_db()
    assert customer.uid == exchange.state()["customers"][0]["uid"]


def test_what_the_details_hid_is_adopted_once_they_show_it(exchange, deliver, settings, thandi):
    from kyc.delivery.decisions import look_again

    settings.OUTBOX_TOKEN_FORM = "reference"
    customer = make_submitted_individual()
    with pytest.MonkeyPatch.context() as hidden:
        hide_details(hidden)
        exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
        deliver()
    look_again(intent=create_of(customer), actor=thandi)
    deliver()
    customer.refresh_from_db()
    assert (customer.uid, customer.stage) == (exchange.state()["customers"][0]["uid"], "documents_sent")


def test_what_the_details_always_hide_is_adopted_once_the_exchange_writes_our_token_to_it(
    exchange, deliver, settings, thandi, monkeypatch
):
    from exchange.client import client as client_module
    from kyc.delivery.decisions import look_again

    settings.OUTBOX_TOKEN_FORM = "reference"
    hide_details(monkeypatch)
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    look_again(intent=create_of(customer), actor=thandi)
    deliver()
    assert create_of(customer).error_code.startswith("unproven:")
    read = client_module.customer_row_from
    name = f"{customer.reference} [{customer.token}]"
    monkeypatch.setattr(
        client_module, "customer_row_from", lambda row, uid: read({**row, "account_name": name}, uid)
    )
    look_again(intent=create_of(customer), actor=thandi)
    deliver()
    customer.refresh_from_db()
    assert customer.uid == exchange.state()["customers"][0]["uid"]


def test_a_token_needs_no_other_evidence(exchange, deliver, monkeypatch):
    hide_details(monkeypatch)
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    customer.refresh_from_db()
    assert customer.uid == exchange.state()["customers"][0]["uid"]


def test_an_adoption_leaves_its_evidence(exchange, deliver):
    customer = make_submitted_individual(documents=())
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    entry = AuditEntry.objects.get(customer_id=customer.pk, action="customer.adopted")
    assert entry.details["evidence"] == "token"
    assert entry.details["is_foreign"] is False


def test_what_was_edited_meanwhile_is_not_sent_again(exchange, deliver):
    customer = make_customer()
    make_document(customer, "Selfie")
    submit(customer)
    exchange.set_faults({"kind": "reset_before", "route": "customers.create", "count": 1})
    deliver(until="nothing_due")
    Customer.objects.filter(pk=customer.pk).update(first_name="Somebody")
    deliver()
    assert emails(exchange) == []
    assert create_of(customer).reason == "content_changed"


# Teeth: without the scan the same faults double somebody or leave them with staff.


def test_without_the_token_scan_a_lost_reply_strands_the_customer(exchange, deliver, monkeypatch):
    monkeypatch.setattr("kyc.reconciliation.creates.find_marked", lambda rows, marks: {})
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    customer.refresh_from_db()
    assert customer.uid is None
    assert create_of(customer).state == "waiting_for_staff"


def test_without_the_settle_time_a_late_effect_doubles_the_customer(exchange, deliver, settings, monkeypatch):
    settings.OUTBOX_SETTLE_SECONDS = 0.01
    make_submitted_individual(documents=())
    exchange.set_faults(
        {"kind": "reset_late", "seconds": 1.5, "route": "customers.create", "count": 1},
        racy_email_seconds=1.6,
        list_lag_seconds=5,
    )
    deliver(until="nothing_due")
    import time

    end = time.monotonic() + 8
    while len(exchange.state()["customers"]) < 2 and time.monotonic() < end:
        deliver(until="nothing_due")
        time.sleep(0.2)
    assert len(exchange.state()["customers"]) == 2


def test_a_record_that_can_not_be_read_keeps_no_other_from_being_found(exchange, deliver):
    broken, fine = (make_submitted_individual(documents=()) for _ in range(2))
    exchange.set_faults(
        {"kind": "error_after", "route": "customers.create", "count": 2},
        {"kind": "error_before", "route": "customers.list"},
    )
    deliver(until="nothing_due")
    exchange.clear_faults()
    Customer.objects.filter(pk=broken.pk).update(wrapped_key=b"destroyed")
    deliver()
    fine.refresh_from_db()
    assert fine.uid
    create = create_of(broken)
    assert (create.state, create.error_code) == ("waiting_for_staff", "look_failed.CannotOpen")


@pytest.mark.parametrize("shape", ["array", "object", "string", "singular"])
def test_a_business_that_meets_its_own_emails_is_us_whatever_the_error_looks_like(exchange, deliver, shape):
    customer = make_submitted_business(ubos=2, documents=["Board Resolution"])
    exchange.set_faults(
        {"kind": "reset_after", "route": "customers.create", "count": 1},
        list_lag_seconds=0.9,
        error_shape=shape,
    )
    deliver()
    customer.refresh_from_db()
    (there,) = exchange.state()["customers"]
    assert customer.uid == there["uid"]


def test_a_scan_that_asked_too_often_goes_on_after_the_exchanges_pause(exchange, deliver):
    """Of many it found some; how often it was told to slow down makes no outage of it."""
    make_submitted_individual()
    exchange.set_faults(
        {"kind": "reset_after", "route": "customers.create", "count": 1},
        {"kind": "rate_limited", "route": "customers.list", "retry_after": 0},
    )
    deliver(until="nothing_due")
    Scan.objects.update_or_create(merchant_uid=Intent.objects.first().merchant_uid, defaults={"failures": 9})
    Intent.objects.filter(state="unknown").update(look_ms=0)
    Scan.objects.update(not_before_ms=0)
    deliver(until="nothing_due")
    scan = Scan.objects.get()
    assert scan.failures > 9
    assert scan.not_before_ms - now_ms() < 2_000
