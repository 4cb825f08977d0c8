import uuid

import pytest
from django.urls import reverse

from accounts import audit
from accounts.models import User
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Attempt
from kyc.canonical import canonical_digest
from kyc.models import Document
from kyc.records import load_record
from kyc.submission import thaw
from portal.pages.customer.timeline import timeline_of
from tests.accounts.people import elsewhere
from tests.portal.pages import people


def address(customer):
    return reverse("customer-detail", args=[customer.pk])


def digest_of(record):
    return canonical_digest(record.customer, record.ubos, record.profile)


def steps(response):
    return [(step.name, step.state) for step in response.context["page"].way]


@pytest.fixture
def draft(corner_shop, thandi):
    return people.an_individual(corner_shop, thandi, documents=False)


def test_what_is_missing_stands_there_with_a_door_to_hand_it_in(draft, staff):
    page = staff.get(address(draft))

    needs = {need.row.code: need for need in page.context["page"].needs}
    assert set(needs) == {"document:identity", "document:selfie", "document:proof_of_address"}
    assert all(need.uploads for need in needs.values())
    assert "Passport" in dict(needs["document:identity"].uploads[0][1].fields["doc_type"].choices)
    assert "doc_number" not in needs["document:selfie"].uploads[0][1].fields
    assert "doc_issued" in needs["document:proof_of_address"].uploads[0][1].fields


def test_everything_that_was_entered_is_shown_and_what_is_held_encrypted_masked(draft, staff):
    text = staff.get(address(draft)).text

    for value in (draft.email, draft.first_name, draft.city, "Historian"):
        assert str(value) in text, value
    for name in ("phone_number", "address", "id_number", "dob"):
        assert f'name="field" value="{name}"' in text, name
    for value in (draft.phone_number, draft.address, draft.id_number, "17 April 1991"):
        assert str(value) not in text, value


def test_our_token_stands_on_the_page_of_whom_the_exchange_was_told(corner_shop, draft, thandi, staff):
    assert draft.token not in staff.get(address(draft)).text
    sent = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    assert f"[{sent.token}]" in staff.get(address(sent)).text
    Customer.objects.filter(pk=sent.pk).update(origin="exchange")
    assert sent.token not in staff.get(address(sent)).text


def test_nothing_on_the_page_may_be_stored(draft, staff):
    assert "no-store" in staff.get(address(draft)).headers["Cache-Control"]


def test_a_complete_customer_can_be_submitted_here(corner_shop, thandi, staff):
    complete = people.an_individual(corner_shop, thandi)
    (need,) = staff.get(address(complete)).context["page"].needs

    assert need.may_submit


def test_the_way_says_what_is_done_and_what_comes_next(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi)
    assert steps(staff.get(address(customer)))[:3] == [
        ("Registered", "done"),
        ("Complete", "done"),
        ("Submitted", "here"),
    ]

    people.moved_to(people.submitted(customer, thandi), Stage.DOCUMENTS_SENT)
    assert steps(staff.get(address(customer)))[4:] == [("Documents sent", "done"), ("Verified", "here")]

    Customer.objects.filter(pk=customer.pk).update(stage=Stage.REJECTED)
    assert steps(staff.get(address(customer)))[4:] == [("Documents sent", "done"), ("Rejected", "bad")]


def test_an_answer_of_the_exchange_that_nobody_knows_is_shown_as_it_came(corner_shop, thandi, staff):
    customer = people.moved_to(
        people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.DOCUMENTS_SENT
    )
    Customer.objects.filter(pk=customer.pk).update(kyc_status="on_the_moon", exchange_state="<b>odd</b>")
    text = staff.get(address(customer)).text

    assert "on_the_moon" in text
    assert "&lt;b&gt;odd&lt;/b&gt;" in text


def test_a_business_shows_its_owners_with_their_documents(corner_shop, thandi, staff):
    business = people.a_business(corner_shop, thandi)
    page = staff.get(address(business)).context["page"]

    (owner,) = page.owners
    assert [row.doc_type for row in owner.papers.current] == ["Passport", "Selfie", "Proof of Address"]
    assert len(page.papers.current) == 9
    assert "Ownership, %" in [fact.label for group in owner.groups for fact in group.facts]
    assert "60 %" in [fact.value for group in owner.groups for fact in group.facts]


def test_a_superseded_version_stays_to_be_seen(draft, thandi, staff):
    people.hand_in(draft, thandi, "Selfie")
    people.hand_in(draft, thandi, "Selfie")
    papers = staff.get(address(draft)).context["page"].papers

    assert [row.version for row in papers.current] == [2]
    assert [row.version for row in papers.superseded] == [1]


def test_what_was_sent_is_told_with_outcome_status_and_codes(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="refused_by_exchange", status=422, codes="customer.profile.invalid")
    page = staff.get(address(customer))

    (row,) = page.context["page"].sent.stuck
    assert row.may_retry
    assert "customer.profile.invalid" in page.text
    assert page.context["page"].sent.ahead == 4


def test_an_unknown_outcome_offers_no_retry(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="create_outcome_unknown", state="unknown", status=None)
    page = staff.get(address(customer))

    assert not page.context["page"].sent.stuck
    assert "/retry/" not in page.text


def test_what_was_done_is_told_with_who_did_it(draft, thandi, staff):
    people.hand_in(draft, thandi, "Selfie")
    events = staff.get(address(draft)).context["page"].events

    assert [(event.what, event.about, event.who) for event in events] == [
        ("Document handed in", "Selfie", "Thandi Nkosi"),
        ("Registered", "", "Thandi Nkosi"),
    ]


def test_the_address_that_staff_type_leads_to_the_customer(draft, staff):
    response = staff.get(f"/customers/{draft.reference}/")

    assert response.headers["Location"] == address(draft)


def test_a_document_leads_to_its_place_on_the_page(draft, thandi, staff):
    document = people.hand_in(draft, thandi, "Selfie")
    response = staff.get(reverse("document-detail", args=[document.pk]))

    assert response.headers["Location"] == f"{address(draft)}#document-{document.pk}"


def test_queries_do_not_grow_with_documents_and_history(
    corner_shop, thandi, staff, django_assert_max_num_queries
):
    business = people.a_business(corner_shop, thandi, documents=False)

    def hand_in_twice():
        people.hand_in(business, thandi, "Board Resolution")
        people.hand_in(business, thandi, "Selfie", ubo=business.ubos.get())

    hand_in_twice()
    with django_assert_max_num_queries(30) as few:
        staff.get(address(business))
    for _ in range(3):
        hand_in_twice()
    with django_assert_max_num_queries(len(few)):
        staff.get(address(business))


def test_a_customer_whose_key_is_gone_still_has_a_page(draft, thandi, staff):
    people.hand_in(draft, thandi, "Passport", doc_number="P1234567", doc_expire="2031-01-01")
    Customer.objects.filter(pk=draft.pk).update(wrapped_key=b"")
    page = staff.get(address(draft))

    assert page.status_code == 200
    assert "What is held encrypted can't be opened." in page.text
    assert draft.first_name in page.text


def test_out_of_scope_a_customer_and_its_documents_are_not_there(draft, thandi, staff):
    document = people.hand_in(draft, thandi, "Selfie")
    elsewhere(thandi)
    for path in (
        address(draft),
        f"/customers/{draft.reference}/",
        reverse("document-detail", args=[document.pk]),
        reverse("document-download", args=[document.pk]),
    ):
        assert staff.get(path).status_code == 404, path
    for name in ("submit", "accept-warning", "waive", "add-document"):
        assert staff.post(reverse(f"customer-{name}", args=[draft.pk])).status_code == 404, name
    assert Document.objects.count() == 1


def test_a_customer_that_does_not_exist_is_not_there(staff):
    assert staff.get(reverse("customer-detail", args=[uuid.uuid4()])).status_code == 404
    assert staff.get("/customers/no-such-reference/").status_code == 404


def test_what_the_portal_did_by_itself_stands_there_in_words(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="rejected_by_exchange")
    thaw(customer=customer, reason="rejected_by_exchange", actor=thandi)
    text = staff.get(address(customer)).text
    assert "The exchange rejected the data" in text
    assert "“rejected_by_exchange”" not in text


def test_a_verdict_is_told_in_one_word_where_the_stage_is_called_alike(draft, staff):
    machine = User.objects.machine()
    changes = {"kyc_status": ["pending", "rejected"], "stage": ["documents_sent", "rejected"]}
    audit.record(
        actor=machine,
        action="customer.verdict",
        subject_type="customer",
        subject_id=draft.pk,
        customer_id=draft.pk,
        merchant_uid=draft.merchant.uid,
        changes=changes,
    )
    assert [event.about for event in timeline_of(draft.pk)][0] == "rejected"


def test_an_attempt_repeats_no_outcome_as_its_code(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.moved_to(customer, Stage.AT_EXCHANGE)
    Attempt.objects.update(reason="applied")
    assert '<span class="mono">applied</span>' not in staff.get(address(customer)).text
    Attempt.objects.update(reason="late_applied")
    assert '<span class="mono">late_applied</span>' in staff.get(address(customer)).text


@pytest.fixture
def turned_down(corner_shop, thandi):
    """Rejected by the exchange, and a draft again."""
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="rejected_by_exchange")
    thaw(customer=customer, reason="rejected_by_exchange", actor=thandi)
    return customer


def test_whom_the_exchange_turned_down_as_it_is_is_not_urged_to_be_submitted_again(turned_down, staff):
    Attempt.objects.update(request_digest=digest_of(load_record(turned_down)))
    text = staff.get(address(turned_down)).text
    assert "nothing of its data has changed since" in text
    assert "Submit all the same" in text
    Attempt.objects.update(request_digest="of other data")
    text = staff.get(address(turned_down)).text
    assert "nothing of its data has changed since" not in text
    assert "Submit all the same" not in text


def test_the_way_gives_no_day_for_a_step_that_is_ahead_again(turned_down, staff):
    assert turned_down.submitted_at is not None
    ahead = [step for step in staff.get(address(turned_down)).context["page"].way if step.state != "done"]
    assert [step.name for step in ahead][0] == "Submitted"
    assert {step.at for step in ahead} == {None}


def test_what_can_not_go_before_the_customer_is_there_is_not_said_to_wait_for_a_turn(turned_down, staff):
    text = staff.get(address(turned_down)).text
    assert "1 more thing is sent once the exchange has the customer" in text
    assert "waits for its turn" not in text


def test_what_is_older_is_folded_and_not_left_out(corner_shop, thandi, staff, monkeypatch):
    monkeypatch.setattr("portal.pages.customer.sent.TRIES_SHOWN", 1)
    monkeypatch.setattr("portal.pages.customer.queries.EVENTS_SHOWN", 1)
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.moved_to(customer, Stage.DOCUMENTS_SENT)
    response = staff.get(address(customer))
    page = response.context["page"]
    assert [*page.sent.newest, *page.sent.earlier] == page.sent.tries
    assert [*page.newest_events, *page.earlier_events] == page.events
    earlier = len(page.sent.tries) - 1
    assert earlier > 0
    assert f"{earlier} earlier attempts" in response.text
    assert f"{len(page.events) - 1} earlier" in response.text
    assert "Registered" in response.text
