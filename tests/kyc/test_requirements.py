"""The table of what is missing, worked out from plain facts: no database."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from customers.problems import Problem
from kyc.doc_types import BUSINESS_TYPES, IDENTITY_FRONTS
from kyc.requirements import is_asked_for, work_out
from kyc.requirements.facts import DocumentFacts, Facts, IntentFacts, OwnerFacts, WarningFacts
from tests.customers.people import TODAY

CUSTOMER = UUID(int=1)
EXPIRED = Problem("expired", "document:Passport", "doc_expire", "error", "It expired.", "Ask for another.")


def document(doc_type, **changes):
    return DocumentFacts(uuid4(), doc_type, **changes)


def documents(*types):
    return tuple(document(doc_type) for doc_type in types)


def person(*types, declared="", **changes):
    owner = OwnerFacts("individual", "", "Lerato Mokoena", documents(*types), declared)
    return Facts(CUSTOMER, "draft", owner, TODAY, **changes)


def company(*types, ubos=(), **changes):
    owner = OwnerFacts("business", "", "ACME", documents(*types))
    return Facts(CUSTOMER, "draft", owner, TODAY, ubos=tuple(ubos), **changes)


def jane(*types):
    return OwnerFacts("ubo", "ubo:jane@example.com", "Jane Smith", documents(*types))


def sent(*owned, stage="at_exchange", intents=(), **changes):
    """An individual after submission; `owned` are its documents."""
    owner = OwnerFacts("individual", "", "Lerato Mokoena", owned, is_known_there=stage != "submitted")
    return Facts(CUSTOMER, stage, owner, TODAY, is_editable=False, intents=tuple(intents), **changes)


def states(facts):
    return {f"{row.subject} {row.code}".strip(): str(row.state) for row in work_out(facts)}


def row(facts, code):
    (found,) = [row for row in work_out(facts) if row.code == code]
    return found


def test_a_new_individual_lacks_identity_selfie_and_proof_of_address():
    assert states(person()) == {
        "document:identity": "missing",
        "document:selfie": "missing",
        "document:proof_of_address": "missing",
    }


def test_every_missing_document_says_what_to_do_and_holds_the_submission():
    for found in work_out(company(ubos=[jane()])):
        assert found.remedy
        assert found.blocks == "submission"
        assert found.links[0].args == {"customer_id": str(CUSTOMER)}


def test_a_complete_individual_waits_for_staff_to_submit_it():
    assert states(person("Passport", "Selfie", "Proof of Address")) == {
        "document:identity": "done",
        "document:selfie": "done",
        "document:proof_of_address": "done",
        "submit": "waiting_for_staff",
    }


@pytest.mark.parametrize("front", [front for front, backs in IDENTITY_FRONTS.items() if backs])
def test_a_document_with_two_sides_needs_its_back(front):
    facts = person(front, "Selfie", "Proof of Address")
    assert states(facts)["document:identity_back"] == "missing"
    assert row(facts, "document:identity_back").doc_type.endswith("back")


@pytest.mark.parametrize("front", [front for front, backs in IDENTITY_FRONTS.items() if not backs])
def test_a_document_with_one_side_needs_no_back(front):
    assert "document:identity_back" not in states(person(front))


@pytest.mark.parametrize("back", ["Driver license back", "Drivers license back"])
def test_either_spelling_of_a_licenses_back_is_taken(back):
    assert states(person("Driver license", back))["document:identity_back"] == "done"


def test_a_declared_license_names_its_front_and_the_right_back_before_anything_is_there():
    facts = person(declared="Driver license")
    assert row(facts, "document:identity").doc_type == "Driver license"
    assert row(facts, "document:identity_back").doc_type == "Drivers license back"


def test_an_identity_cards_back_is_no_back_of_a_license():
    assert states(person("Driver license", "Identity card back"))["document:identity_back"] == "missing"


def test_a_passport_serves_while_the_cards_back_is_still_missing():
    assert states(person("Identity card", "Passport"))["document:identity"] == "done"
    assert "document:identity_back" not in states(person("Identity card", "Passport"))


def test_a_business_lacks_the_nine_and_its_owners_set():
    found = states(company(ubos=[jane()]))
    assert [key for key in found if key.startswith("document:")] == [
        f"document:{doc_type}" for doc_type in BUSINESS_TYPES
    ]
    assert len(BUSINESS_TYPES) == 9
    assert [key for key in found if key.startswith("ubo:")] == [
        "ubo:jane@example.com document:identity",
        "ubo:jane@example.com document:selfie",
        "ubo:jane@example.com document:proof_of_address",
    ]


def test_a_business_without_owners_can_not_be_submitted():
    facts = company(*BUSINESS_TYPES)
    assert states(facts)["data:no_ubo"] == "missing"
    assert "submit" not in states(facts)


def test_each_owner_needs_a_set_of_its_own():
    joe = OwnerFacts("ubo", "ubo:joe@example.com", "Joe", ())
    found = states(company(*BUSINESS_TYPES, ubos=[jane("Passport", "Selfie", "Proof of Address"), joe]))
    assert found["ubo:jane@example.com document:selfie"] == "done"
    assert found["ubo:joe@example.com document:selfie"] == "missing"


@pytest.mark.parametrize("doc_type", ["Business License", "Tax Statement"])
def test_a_waived_document_is_done(doc_type):
    rest = [name for name in BUSINESS_TYPES if name != doc_type]
    owners = [jane("Passport", "Selfie", "Proof of Address")]
    assert "submit" not in states(company(*rest, ubos=owners))
    found = states(company(*rest, ubos=owners, waived=frozenset({doc_type})))
    assert found[f"document:{doc_type}"] == "done"
    assert found["submit"] == "waiting_for_staff"


@pytest.mark.parametrize(
    "doc_type", [n for n in BUSINESS_TYPES if n not in ("Business License", "Tax Statement")]
)
def test_a_waiver_of_any_other_document_is_not_heard(doc_type):
    facts = company(*[n for n in BUSINESS_TYPES if n != doc_type], waived=frozenset({doc_type}))
    assert states(facts)[f"document:{doc_type}"] == "missing"


def test_an_expired_document_is_invalid_and_says_why():
    passport = document("Passport", doc_expire=date(2026, 11, 20), problems=(EXPIRED,))
    owner = OwnerFacts("individual", "", "Lerato", (passport, *documents("Selfie", "Proof of Address")))
    facts = Facts(CUSTOMER, "draft", owner, TODAY)
    found = row(facts, "document:identity")
    assert (str(found.state), found.due) == ("invalid", date(2026, 11, 20))
    assert "It expired." in found.remedy
    assert "submit" not in states(facts)


def test_an_error_of_a_document_that_nothing_rests_on_holds_too():
    owner = OwnerFacts(
        "individual",
        "",
        "Lerato",
        (
            *documents("Identity book", "Selfie", "Proof of Address"),
            document("Passport", problems=(EXPIRED,)),
        ),
    )
    found = states(Facts(CUSTOMER, "draft", owner, TODAY))
    assert found["document:Passport data:expired"] == "invalid"
    assert "submit" not in found


def test_an_open_warning_holds_the_submission():
    warning = Problem("check_digit", "", "id_number", "warning", "The check digit is wrong.", "Check it.")
    facts = person("Passport", "Selfie", "Proof of Address", warnings=(WarningFacts(warning),))
    assert states(facts)["warning:check_digit"] == "waiting_for_staff"
    assert "submit" not in states(facts)


def test_an_error_in_the_data_holds_the_submission():
    error = Problem("under_age", "", "dob", "error", "This person is under 18.", "Check the date.")
    facts = person("Passport", "Selfie", "Proof of Address", errors=(error,))
    assert states(facts)["data:under_age"] == "invalid"
    assert "submit" not in states(facts)


ALL_SENT = tuple(
    document(doc_type, delivery="sent") for doc_type in ("Passport", "Selfie", "Proof of Address")
)


def test_after_submission_the_exchange_has_the_next_move():
    owned = documents("Passport", "Selfie", "Proof of Address")
    intents = [IntentFacts("customer.create", CUSTOMER, "pending")]
    found = states(sent(*owned, stage="submitted", intents=intents))
    assert found["submit"] == "done"
    assert found["create"] == "waiting_for_exchange"
    assert found["custom_id"] == "waiting_for_exchange"
    assert found["documents"] == "waiting_for_exchange"
    assert found["verification"] == "waiting_for_exchange"


def test_what_was_sent_is_done():
    intents = [
        IntentFacts("customer.create", CUSTOMER, "done"),
        IntentFacts("customer.set_custom_id", CUSTOMER, "done"),
    ]
    found = states(sent(*ALL_SENT, intents=intents))
    assert (found["create"], found["custom_id"], found["documents"]) == ("done", "done", "done")


@pytest.mark.parametrize(
    "reason",
    [
        "email_taken_elsewhere",
        "ubo_email_taken",
        "exists_more_than_once",
        "foreign_sender",
        "create_outcome_unknown",
        "rejected_by_exchange",
        "refused_by_exchange",
        "content_changed",
        "too_many_attempts",
    ],
)
def test_a_stuck_create_waits_for_staff_in_plain_words(reason):
    intents = [IntentFacts("customer.create", CUSTOMER, "waiting_for_staff", reason)]
    found = row(sent(*ALL_SENT, stage="submitted", intents=intents), "create")
    assert (str(found.state), found.blocks) == ("waiting_for_staff", "verification")
    assert found.remedy
    assert reason not in found.title + found.remedy


def test_an_unknown_create_is_looked_for_by_itself():
    intents = [IntentFacts("customer.create", CUSTOMER, "unknown")]
    found = row(sent(*ALL_SENT, stage="submitted", intents=intents), "create")
    assert str(found.state) == "waiting_for_exchange"
    assert "looked at by itself" in found.remedy


def test_a_stuck_upload_has_a_row_of_its_own():
    passport = document("Passport")
    intents = [IntentFacts("document.upload", passport.id, "waiting_for_staff", "upload_outcome_unknown")]
    facts = sent(passport, *ALL_SENT[1:], intents=intents)
    found = row(facts, "intent:document.upload")
    assert (found.subject, found.doc_type) == ("document:Passport", "Passport")
    assert states(facts)["documents"] == "waiting_for_staff"


def test_a_finished_but_flagged_upload_is_told_and_holds_nothing():
    passport = document("Passport", delivery="unknown", is_flagged=True)
    intents = [IntentFacts("document.upload", passport.id, "done")]
    facts = sent(passport, *ALL_SENT[1:], intents=intents)
    assert states(facts)["documents"] == "done"
    assert row(facts, "flagged").blocks == "nothing"
    assert is_asked_for(work_out(facts), "Passport")
    assert not is_asked_for(work_out(facts), "Selfie")


def test_a_document_that_the_exchange_refused_is_asked_for_again():
    facts = sent(document("Passport", delivery="refused"), *ALL_SENT[1:])
    assert states(facts)["document:identity"] == "invalid"
    assert row(facts, "document:identity").blocks == "verification"
    rows = work_out(facts)
    assert is_asked_for(rows, "Passport")
    assert is_asked_for(rows, "Identity card")
    assert not is_asked_for(rows, "Selfie")


def test_while_all_is_well_nothing_more_is_asked_for():
    rows = work_out(sent(*ALL_SENT))
    assert not any(is_asked_for(rows, doc_type) for doc_type in ("Passport", "Selfie", "Source of Funds"))


def test_a_thawed_customer_still_shows_what_the_exchange_said():
    intents = [IntentFacts("customer.create", CUSTOMER, "waiting_for_staff", "rejected_by_exchange")]
    facts = person("Passport", "Selfie", "Proof of Address", intents=tuple(intents))
    found = row(facts, "create")
    assert (str(found.state), found.blocks) == ("waiting_for_staff", "nothing")
    assert states(facts)["submit"] == "waiting_for_staff"


def test_a_verified_customer_has_nothing_left_to_do():
    intents = [
        IntentFacts("customer.create", CUSTOMER, "done"),
        IntentFacts("customer.set_custom_id", CUSTOMER, "done"),
    ]
    assert set(states(sent(*ALL_SENT, stage="verified", intents=intents)).values()) == {"done"}


def test_a_rejected_customer_says_what_to_do_next():
    found = row(sent(*ALL_SENT, stage="rejected"), "verification")
    assert str(found.state) == "waiting_for_staff"
    assert "reason" in found.remedy


def test_of_a_rejected_customer_that_was_taken_in_no_document_is_asked():
    found = row(sent(stage="rejected", is_found_there=True), "verification")
    assert (str(found.state), found.title) == ("waiting_for_exchange", "Rejected by the exchange")
    assert "not handed over here" in found.remedy
    assert not is_asked_for([found], "Passport")


def test_an_unknown_stage_of_the_exchange_counts_as_in_review():
    found = row(sent(*ALL_SENT, stage="documents_sent", exchange_state="limbo"), "verification")
    assert str(found.state) == "waiting_for_exchange"


@pytest.mark.parametrize(
    ("expires", "is_told"),
    [(date(2026, 12, 21), True), (date(2026, 12, 22), False), (date(2026, 11, 1), True)],
)
def test_once_submitted_a_document_that_runs_out_reminds(expires, is_told):
    passport = document("Passport", delivery="sent", doc_expire=expires)
    rows = [row for row in work_out(sent(passport, *ALL_SENT[1:])) if row.code == "expiry"]
    assert [(row.due, row.blocks) for row in rows] == ([(expires, "nothing")] if is_told else [])


def test_a_customer_found_at_the_exchange_lacks_no_documents():
    owner = OwnerFacts("individual", "", "Lerato", is_known_there=True)
    facts = Facts(CUSTOMER, "at_exchange", owner, TODAY, is_editable=False, is_found_there=True)
    assert states(facts) == {"verification": "waiting_for_exchange"}
