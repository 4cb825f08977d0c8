"""Warnings: recomputed from the record, accepted with a reason, open again when the value changes."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from customers.problems import Refused
from customers.services import change_customer
from kyc.acceptance import accept_all_warnings, accept_warning
from kyc.models import AcceptedWarning
from kyc.submission import NotReady, submit_for_onboarding
from kyc.warnings import open_warnings, open_warnings_for_many
from tests.customers.people import INDIVIDUAL, TODAY, UBO
from tests.kyc.onboarding import business, complete, hand_in, individual, picture

pytestmark = pytest.mark.django_db

WRONG_DIGIT = {"id_number": "0202086471086"}


def warned(customer):
    return [
        (warning.problem.subject, warning.problem.code) for warning in open_warnings(customer, today=TODAY)
    ]


def accept(customer, actor, reason="Seen the original."):
    (warning,) = open_warnings(customer, today=TODAY)
    return accept_warning(customer=customer, key=warning.key, reason=reason, actor=actor, today=TODAY)


@pytest.fixture
def doubtful(corner_shop, thandi):
    """An individual whose South African ID number has a wrong check digit."""
    return individual(corner_shop, thandi, **WRONG_DIGIT)


def test_a_good_customer_has_no_warnings(corner_shop, thandi):
    assert warned(complete(individual(corner_shop, thandi), thandi)) == []
    acme = business(corner_shop, thandi, phone_number="+27825550109")
    assert warned(complete(acme, thandi)) == []


def test_a_doubt_about_the_data_holds_the_submission_until_it_is_accepted(doubtful, thandi):
    complete(doubtful, thandi)
    assert [code for _, code in warned(doubtful)] == ["check_digit"]
    with pytest.raises(NotReady) as refused:
        submit_for_onboarding(customer=doubtful, actor=thandi, today=TODAY)
    assert [row.code for row in refused.value.requirements] == ["warning:check_digit"]
    accept(doubtful, thandi)
    assert warned(doubtful) == []
    doubtful.refresh_from_db()
    assert doubtful.stage == "complete"
    submit_for_onboarding(customer=doubtful, actor=thandi, today=TODAY)


def test_who_accepted_and_why_is_written_down_without_the_value(doubtful, thandi):
    accept(doubtful, thandi, "Seen the original.")
    row, entry = AcceptedWarning.objects.get(), AuditEntry.objects.get(action="warning.accept")
    assert (row.accepted_by, row.reason, entry.reason) == (thandi, "Seen the original.", row.reason)
    assert "0202086471086" not in repr([row.__dict__, entry.details])


def test_another_value_is_another_doubt(doubtful, thandi):
    accept(doubtful, thandi)
    changed = {**INDIVIDUAL, "id_number": "0202086471087"}
    doubtful = change_customer(customer=doubtful, data=changed, ubos=[], actor=thandi).customer
    assert [code for _, code in warned(doubtful)] == ["check_digit"]


def test_a_change_elsewhere_leaves_it_accepted(doubtful, thandi):
    accept(doubtful, thandi)
    changed = {**INDIVIDUAL, **WRONG_DIGIT, "city": "Durban"}
    doubtful = change_customer(customer=doubtful, data=changed, ubos=[], actor=thandi).customer
    assert warned(doubtful) == []


def test_what_was_seen_before_a_change_can_not_be_accepted_after_it(doubtful, thandi):
    (seen,) = open_warnings(doubtful, today=TODAY)
    changed = {**INDIVIDUAL, "id_number": "0202086471087"}
    doubtful = change_customer(customer=doubtful, data=changed, ubos=[], actor=thandi).customer
    with pytest.raises(Refused) as refused:
        accept_warning(customer=doubtful, key=seen.key, reason="Fine.", actor=thandi, today=TODAY)
    assert [problem.code for problem in refused.value.problems] == ["warning_not_open"]
    assert not AcceptedWarning.objects.exists()


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_needed(doubtful, thandi, reason):
    with pytest.raises(Refused):
        accept(doubtful, thandi, reason)
    assert warned(doubtful) != []


@pytest.mark.parametrize(
    ("doc_type", "particulars", "code"),
    [
        ("Passport", {"doc_expire": date(2026, 12, 21)}, "expires_soon"),
        ("Proof of Address", {"doc_issued": date(2026, 8, 20)}, "too_old"),
    ],
)
def test_a_doubtful_date_of_a_document_is_a_warning(corner_shop, thandi, doc_type, particulars, code):
    lerato = individual(corner_shop, thandi)
    hand_in(lerato, doc_type, thandi, **particulars)
    assert warned(lerato) == [(f"document:{doc_type}", code)]


@pytest.mark.parametrize(
    ("doc_type", "particulars"),
    [
        ("Passport", {"doc_expire": date(2026, 12, 22)}),
        ("Proof of Address", {"doc_issued": date(2026, 8, 21)}),
        ("Selfie", {"doc_issued": date(2020, 1, 1)}),
        ("Identity book", {"doc_expire": date(2020, 1, 1)}),
    ],
)
def test_dates_that_are_in_order_are_no_warning(corner_shop, thandi, doc_type, particulars):
    lerato = individual(corner_shop, thandi)
    hand_in(lerato, doc_type, thandi, **particulars)
    assert warned(lerato) == []


def test_a_passport_that_expires_soon_is_doubted_once_though_two_places_say_so(corner_shop, thandi):
    soon = date(2026, 12, 1)
    lerato = individual(corner_shop, thandi, doc_type="Passport", doc_number="M1", doc_expire=soon)
    assert warned(lerato) == [("", "expires_soon")]
    hand_in(lerato, "Passport", thandi, doc_expire=soon)
    assert warned(lerato) == [("document:Passport", "expires_soon")]


def test_a_new_version_of_a_document_is_looked_at_anew(corner_shop, thandi):
    lerato = individual(corner_shop, thandi)
    hand_in(lerato, "Passport", thandi, doc_expire=date(2026, 12, 1))
    accept(lerato, thandi)
    hand_in(lerato, "Passport", thandi, doc_expire=date(2026, 12, 1))
    assert warned(lerato) == [("document:Passport", "expires_soon")]


def test_the_same_file_phone_and_number_under_another_customer_are_doubted_at_both(
    corner_shop, own_merchant, thandi
):
    content = picture()
    first = individual(corner_shop, thandi)
    second = individual(own_merchant, thandi, reference="C-2", email="other@example.com")
    for customer in (first, second):
        hand_in(customer, "Proof of Address", thandi, content=content)
    for customer in (first, second):
        assert sorted(code for _, code in warned(customer)) == [
            "same_file_elsewhere",
            "same_id_number",
            "same_phone",
        ]


def test_shares_above_100_percent_are_doubted_and_open_again_when_a_share_changes(corner_shop, thandi):
    joe = {**UBO, "email": "joe@example.com", "id_number": "999", "ownership_percentage": "50"}
    acme = business(corner_shop, thandi, ubos=(UBO, joe))
    assert [code for _, code in warned(acme)] == ["shares_above_100"]
    accept(acme, thandi)
    assert warned(acme) == []
    ubo = acme.ubos.get(email="joe@example.com")
    ubo.ownership_percentage = 55
    ubo.save()
    assert [code for _, code in warned(acme)] == ["shares_above_100"]


def test_all_warnings_of_many_are_accepted_for_one_reason(corner_shop, own_merchant, thandi):
    first = individual(corner_shop, thandi, **WRONG_DIGIT)
    second = individual(own_merchant, thandi, reference="C-2", **WRONG_DIGIT)
    count = accept_all_warnings(customers=[first, second], reason="Known.", actor=thandi, today=TODAY)
    assert (
        count == AcceptedWarning.objects.count() == AuditEntry.objects.filter(action="warning.accept").count()
    )
    assert count >= 6
    assert open_warnings_for_many([first, second], today=TODAY) == {first.pk: [], second.pk: []}
    assert accept_all_warnings(customers=[first, second], reason="Known.", actor=thandi, today=TODAY) == 0


def test_warnings_of_many_cost_a_fixed_number_of_queries(corner_shop, thandi):
    everybody = [
        individual(corner_shop, thandi, reference=f"C-{n}", email=f"n{n}@example.com") for n in range(5)
    ]

    def queries(customers):
        with CaptureQueriesContext(connection) as captured:
            open_warnings_for_many(customers, today=TODAY)
        return len(captured)

    assert queries(everybody[:2]) == queries(everybody)
