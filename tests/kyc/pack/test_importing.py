"""What handing in a pack does: a unit enters whole or not at all, and again changes nothing."""

import pytest

from accounts.models import AuditEntry
from customers.models import Customer, Merchant, Ubo
from kyc.doc_types import BUSINESS_TYPES
from kyc.models import Document
from kyc.pack.unreadable import PackUnreadable
from kyc.submission import submit_for_onboarding
from tests.kyc.pack.packs import (
    PERSON_SET,
    business,
    faults,
    hand_in,
    held_documents,
    papers,
    person,
    picture,
    references,
    table,
    ubo,
    write_pack,
)
from vault.indexes import keyed_index

pytestmark = pytest.mark.django_db


def everything() -> dict:
    """All that an import may write, as it stands."""
    return {
        model.__name__: sorted(map(str, model.objects.values_list()))
        for model in (Customer, Ubo, Document, AuditEntry, Merchant)
    }


def test_a_person_with_all_documents_is_complete(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1")))
    customer = Customer.objects.get()
    assert (tally.accepted, tally.documents, tally.exit_code) == (1, 3, 0)
    assert (customer.stage, customer.origin, customer.merchant.is_self) == ("complete", "pack", True)
    assert (customer.first_name, customer.address) == ("Lerato", "350 Moon Street")
    assert held_documents().keys() == {("P-1", "", name) for name in PERSON_SET}


def test_a_person_without_documents_is_kept_as_a_draft_and_counted(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1)]), submits=True)
    assert (tally.accepted, tally.incomplete, tally.submitted, tally.exit_code) == (1, 1, 0, 0)
    assert Customer.objects.get().stage == "draft"


def test_a_business_enters_with_its_ubos_and_their_documents(tmp_path, machine):
    documents = [*papers("B-1", BUSINESS_TYPES), *papers("B-1", ubo_email="jane@example.com")]
    tally = hand_in(write_pack(tmp_path / "pack", [business()], [ubo()], documents), submits=True)
    assert (tally.accepted, tally.documents, tally.submitted) == (1, 12, 1)
    assert Customer.objects.get().stage == "submitted"


@pytest.mark.parametrize("at_fault", ["customers", "ubos", "documents", "file"])
def test_an_error_anywhere_leaves_the_whole_business_out(tmp_path, machine, settings, at_fault):
    documents = [*papers("B-1", BUSINESS_TYPES), *papers("B-1", ubo_email="jane@example.com")]
    changes = {"customers": {}, "ubos": {}}
    if at_fault in changes:
        changes[at_fault] = {"phone_number": "0821234567"}
    if at_fault == "documents":
        documents[-1]["doc_type"] = "Proof of Adress"
    pack = write_pack(
        tmp_path / "pack", [business(**changes["customers"]), person(1)], [ubo(**changes["ubos"])], documents
    )
    if at_fault == "file":
        (pack / documents[3]["file"]).write_bytes(b"<html>")
    tally = hand_in(pack)
    assert references() == {"P-1"}
    assert not Document.objects.exists()
    assert (tally.rejected, tally.accepted, tally.exit_code) == (1, 1, 1)
    line, column = {
        "customers": (2, "phone_number"),
        "ubos": (2, "phone_number"),
        "documents": (13, "doc_type"),
        "file": (5, "file"),
    }[at_fault]
    (fault,) = faults(tally)
    assert fault[:4] == ("B-1", "documents" if at_fault == "file" else at_fault, line, column)
    stored = list((tmp_path / "media").rglob("*.sealed"))
    assert stored == [], "the files of what was left out do not stay"


def test_importing_again_changes_nothing(tmp_path, machine):
    pack = write_pack(
        tmp_path / "pack",
        [person(1), business()],
        [ubo()],
        [*papers("P-1"), *papers("B-1", BUSINESS_TYPES), *papers("B-1", ubo_email="jane@example.com")],
    )
    hand_in(pack)
    before = everything()
    tally = hand_in(pack)
    assert (tally.already_there, tally.accepted, tally.updated, tally.documents) == (2, 0, 0, 0)
    assert tally.exit_code == 0
    assert everything() == before


def test_what_was_submitted_stays_already_there(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1"))
    hand_in(pack, submits=True)
    before = everything()
    tally = hand_in(pack, submits=True)
    assert (tally.already_there, tally.submitted, tally.exit_code) == (1, 0, 0)
    assert everything() == before


def test_run_again_with_submit_it_submits_what_was_left(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1"))
    hand_in(pack)
    tally = hand_in(pack, submits=True)
    assert (tally.already_there, tally.submitted) == (1, 1)


def test_a_changed_row_updates_a_draft_and_a_changed_file_supersedes(tmp_path, machine):
    documents = papers("P-1")
    pack = write_pack(tmp_path / "pack", [person(1)], documents=documents)
    hand_in(pack)
    write_pack(pack, [person(1, city="Cape Town", dob="2001-02-08")], documents=documents)
    (pack / documents[1]["file"]).write_bytes(picture("another"))
    tally = hand_in(pack)
    customer = Customer.objects.get()
    assert (tally.updated, tally.documents) == (1, 1)
    assert (customer.city, customer.dob.isoformat(), customer.version) == ("Cape Town", "2001-02-08", 2)
    versions = Document.objects.filter(doc_type="Selfie").order_by("version")
    assert [(row.version, row.is_current) for row in versions] == [(1, False), (2, True)]
    change = AuditEntry.objects.get(action="customer.change")
    assert change.details["fields"] == ["city", "dob"]
    assert set(change.changes) == {"city", "dob"}
    assert "Cape Town" not in str(change.changes)
    assert "2001" not in str(change.changes)


def test_ubos_are_changed_added_and_taken_away(tmp_path, machine):
    hand_in(
        write_pack(
            tmp_path / "pack", [business()], [ubo(), ubo(email="b@example.com", ownership_percentage="40")]
        )
    )
    changed = [ubo(email="c@example.com", ownership_percentage="40"), ubo(last_name="Jones")]
    tally = hand_in(write_pack(tmp_path / "pack", [business()], changed))
    assert tally.updated == 1
    assert [(row.email, row.last_name) for row in Ubo.objects.order_by("position")] == [
        ("c@example.com", "Smith"),
        ("jane@example.com", "Jones"),
    ]


@pytest.mark.parametrize("what", ["row", "file"])
def test_what_changed_after_the_submission_is_reported_and_nothing_changes(tmp_path, machine, what):
    documents = papers("P-1")
    pack = write_pack(tmp_path / "pack", [person(1)], documents=documents)
    hand_in(pack, submits=True)
    if what == "row":
        write_pack(pack, [person(1, city="Cape Town")], documents=documents)
    else:
        (pack / documents[1]["file"]).write_bytes(picture("another"))
    before = everything()
    tally = hand_in(pack)
    assert (tally.frozen, tally.frozen_references, tally.exit_code) == (1, ["P-1"], 1)
    assert everything() == before


def test_documents_of_a_customer_registered_earlier_are_added(tmp_path, machine):
    hand_in(write_pack(tmp_path / "first", [person(1)]))
    tally = hand_in(write_pack(tmp_path / "second", [], documents=papers("P-1")))
    assert (tally.updated, tally.documents, tally.rejected) == (1, 3, 0)
    assert Customer.objects.get().stage == "complete"


def test_rows_of_a_reference_that_nobody_has_are_errors(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1)], [ubo("B-9")], papers("P-9", ("Selfie",))))
    assert (tally.accepted, tally.customers, tally.strays, tally.exit_code) == (1, 1, 2, 1)
    assert faults(tally) == [
        ("B-9", "ubos", 2, "reference", "unknown_reference"),
        ("P-9", "documents", 2, "reference", "unknown_reference"),
    ]


def test_documents_lead_and_customers_lend_the_identity_document_what_is_blank(tmp_path, machine):
    lent = {"doc_type": "Passport", "doc_number": "LENT-1", "doc_expire": "2033-01-01", "doc_country": "GB"}
    documents = papers("P-1", doc_number="", doc_expire="") + papers("P-2")
    hand_in(write_pack(tmp_path / "pack", [person(1, **lent), person(2, **lent)], documents=documents))
    passports = (
        Document.objects.filter(doc_type="Passport")
        .select_related("customer")
        .order_by("customer__reference")
    )
    assert [(row.doc_number, row.doc_expire.isoformat()) for row in passports] == [
        ("LENT-1", "2033-01-01"),
        ("C91311680", "2034-12-18"),
    ]
    assert not Document.objects.exclude(doc_type="Passport").filter(doc_expire__isnull=False).exists()


def test_59_the_same_email_twice_in_a_file_in_any_case_is_an_error_of_the_later_row(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1), person(2, email="PERSON1@Example.com")]))
    assert references() == {"P-1"}
    assert faults(tally) == [("P-2", "customers", 3, "email", "same_email")]


def test_59_an_email_that_the_merchant_has_already_is_an_error(tmp_path, machine):
    hand_in(write_pack(tmp_path / "first", [person(1)]))
    tally = hand_in(write_pack(tmp_path / "second", [person(2, email="Person1@example.com")]))
    assert faults(tally) == [("P-2", "customers", 2, "email", "email_taken")]


def test_the_same_email_under_another_merchant_is_a_warning_that_holds(tmp_path, machine, corner_shop):
    hand_in(write_pack(tmp_path / "first", [person(1)]))
    other = person(2, email="person1@example.com", merchant_uid=corner_shop.uid)
    tally = hand_in(write_pack(tmp_path / "second", [other]))
    assert (tally.accepted, tally.held, tally.exit_code) == (1, 1, 1)
    assert Customer.objects.get(reference="P-2").merchant == corner_shop


def test_a_reference_that_is_there_twice_is_an_error_of_the_later_row(tmp_path, machine):
    tally = hand_in(
        write_pack(tmp_path / "pack", [person(1), person(2, reference="P-1")], documents=papers("P-1"))
    )
    assert (tally.accepted, tally.documents) == (1, 3)
    assert faults(tally) == [("P-1", "customers", 3, "reference", "same_reference")]


def test_a_row_needs_a_reference(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1, reference=" ")]))
    assert faults(tally) == [("", "customers", 2, "reference", "required")]


def test_a_known_reference_stays_with_its_merchant_and_its_kind(tmp_path, machine, corner_shop):
    hand_in(write_pack(tmp_path / "pack", [person(1)]))
    moved = hand_in(write_pack(tmp_path / "pack", [person(1, merchant_uid=corner_shop.uid)]))
    assert faults(moved) == [("P-1", "customers", 2, "merchant_uid", "registered_elsewhere")]
    other = hand_in(write_pack(tmp_path / "pack", [business("P-1")], [ubo("P-1")]))
    assert faults(other) == [("P-1", "customers", 2, "entity_type", "other_kind")]


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "files/../../secret.jpg"])
def test_33_a_file_outside_the_pack_is_an_error_of_its_row(tmp_path, machine, name):
    (tmp_path / "secret.jpg").write_bytes(picture("secret"))
    tally = hand_in(
        write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1", file=name), with_files=False)
    )
    assert {fault[3:] for fault in faults(tally)} == {("file", "leaves_pack")}
    assert not Customer.objects.exists()


def test_a_file_that_is_not_there_is_an_error_of_its_row(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1"), with_files=False)
    assert {fault[4] for fault in faults(hand_in(pack))} == {"no_such_file"}


def test_5_a_file_above_four_million_bytes_is_refused_by_its_size(tmp_path, machine):
    documents = papers("P-1")
    pack = write_pack(tmp_path / "pack", [person(1)], documents=documents)
    (pack / documents[0]["file"]).write_bytes(picture("x").ljust(25_000_000, b"\0"))
    assert [fault[1:] for fault in faults(hand_in(pack))] == [("documents", 2, "file", "too_large")]


@pytest.mark.parametrize(
    ("day", "code"),
    [("31/12/1980", "ambiguous_date"), ("1981-02-31", "no_such_day"), ("29221", "date_format")],
)
def test_57_a_day_that_can_be_read_in_two_ways_or_in_none_is_an_error_of_its_row(
    tmp_path, machine, day, code
):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1, dob=day)]))
    assert faults(tally) == [("P-1", "customers", 2, "dob", code)]


def test_58_an_id_number_that_a_spreadsheet_mangled_is_an_error_of_its_row(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1, id_number="9.00116E+12")]))
    assert faults(tally) == [("P-1", "customers", 2, "id_number", "mangled_number")]


def test_60_a_pack_of_headers_only_is_empty_and_refused(tmp_path, machine):
    with pytest.raises(PackUnreadable, match="no rows"):
        hand_in(write_pack(tmp_path / "pack", []))


def test_68_a_business_has_one_to_fifty_ubos(tmp_path, machine):
    many = [ubo("B-2", email=f"ubo{number}@example.com", ownership_percentage="5") for number in range(51)]
    fifty = [ubo("B-3", email=f"u{number}@example.com", ownership_percentage="5") for number in range(50)]
    rows = [business(f"B-{number}", email=f"b{number}@example.com") for number in (1, 2, 3)]
    tally = hand_in(write_pack(tmp_path / "pack", rows, many + fifty))
    assert references() == {"B-3"}
    assert [(fault[0], fault[4]) for fault in faults(tally)] == [("B-1", "required"), ("B-2", "too_many")]


def test_an_individual_has_no_ubos(tmp_path, machine):
    tally = hand_in(write_pack(tmp_path / "pack", [person(1)], [ubo("P-1")]))
    assert [(fault[1], fault[4]) for fault in faults(tally)] == [("ubos", "not_for_individuals")]


@pytest.mark.parametrize("column", ["first_name", "address", "reference", "id_number", "email"])
def test_71_a_nul_in_any_text_is_an_error_of_its_row(tmp_path, machine, column):
    rows = [person(number) for number in range(1, 40)]
    rows[30][column] = f"x\0{rows[30][column]}"
    tally = hand_in(write_pack(tmp_path / "pack", rows))
    assert (tally.accepted, tally.rejected) == (38, 1)
    assert faults(tally)[0][1:4] == ("customers", 32, column)


def test_a_document_of_somebody_who_is_no_ubo_of_the_business_is_an_error(tmp_path, machine):
    documents = papers("B-1", ("Selfie",), ubo_email="nobody@example.com")
    tally = hand_in(write_pack(tmp_path / "pack", [business()], [ubo()], documents))
    assert faults(tally)[0][1:] == ("documents", 2, "ubo_email", "unknown_ubo")


def test_two_files_for_one_document_are_an_error(tmp_path, machine):
    documents = papers("P-1") + papers("P-1", ("Selfie",), file="files/other.jpg")
    tally = hand_in(write_pack(tmp_path / "pack", [person(1)], documents=documents))
    assert faults(tally) == [("P-1", "documents", 5, "doc_type", "same_document")]


def test_a_dry_run_says_the_same_and_writes_nothing_at_all(tmp_path):
    from accounts.models import MACHINE_EMAIL, User

    pack = write_pack(
        tmp_path / "pack",
        [person(1), person(2, dob="2020-01-01"), person(3, phone_number="+27822900001")],
        documents=papers("P-1"),
    )
    before, users = everything(), User.objects.count()
    tally = hand_in(pack, is_dry=True, submits=True, actor=User(email=MACHINE_EMAIL, is_machine=True))
    assert (tally.accepted, tally.rejected, tally.held, tally.documents) == (2, 1, 1, 3)
    assert everything() == before
    assert User.objects.count() == users
    assert not list(tmp_path.rglob("*.sealed"))


def test_a_dry_run_knows_doubles_across_chunks_without_having_written_them(tmp_path, machine, monkeypatch):
    monkeypatch.setattr("kyc.pack.places.STEP", 2)
    monkeypatch.setattr("kyc.pack.gathering.CHUNK_PLAIN", 2)
    rows = [person(number) for number in range(6)]
    rows[5]["phone_number"] = rows[0]["phone_number"]
    rows[4]["email"] = rows[1]["email"]
    dry = hand_in(write_pack(tmp_path / "pack", rows), is_dry=True)
    real = hand_in(tmp_path / "pack")
    assert (dry.accepted, dry.rejected, dry.held) == (real.accepted, real.rejected, real.held) == (5, 1, 1)


def test_warnings_hold_until_they_are_accepted_with_a_reason(tmp_path, machine):
    row = person(1, nationality="ZA", id_number="0202086471084")
    pack = write_pack(tmp_path / "pack", [row], documents=papers("P-1"))
    held = hand_in(pack, submits=True)
    assert (held.accepted, held.held, held.submitted, held.exit_code) == (1, 1, 0, 1)
    assert held.held_list[0].reference == "P-1"
    again = hand_in(pack, submits=True, accept_warnings="Seen against the card")
    assert (again.already_there, again.held, again.submitted, again.exit_code) == (1, 0, 1, 0)
    accepted = AuditEntry.objects.get(action="warning.accept")
    assert accepted.reason == "Seen against the card"


def test_the_default_merchant_is_for_rows_that_name_none(tmp_path, machine, corner_shop):
    other = Merchant.objects.create(uid="CCT0000000002")
    rows = [person(1), person(2, merchant_uid=other.uid)]
    hand_in(write_pack(tmp_path / "pack", rows), merchant_uid=corner_shop.uid)
    assert Customer.objects.get(reference="P-1").merchant == corner_shop
    assert Customer.objects.get(reference="P-2").merchant == other


def test_each_registered_customer_has_one_audit_row_without_personal_data(tmp_path, machine):
    hand_in(write_pack(tmp_path / "pack", [person(1), person(2)]))
    rows = AuditEntry.objects.filter(action="customer.register")
    assert {row.customer_id for row in rows} == set(Customer.objects.values_list("pk", flat=True))
    assert "Lerato" not in str(list(rows.values()))


def test_the_number_of_queries_does_not_grow_with_the_rows(tmp_path, machine, django_assert_max_num_queries):
    few = write_pack(tmp_path / "few", [person(number) for number in range(3)])
    many = write_pack(tmp_path / "many", [person(number) for number in range(10, 210)])
    hand_in(write_pack(tmp_path / "none", [person(999)]))
    with django_assert_max_num_queries(40) as queries:
        hand_in(few)
    count = len(queries)
    with django_assert_max_num_queries(count):
        hand_in(many)


def test_a_document_that_the_exchange_asks_for_again_is_taken_after_the_submission(tmp_path, machine):
    documents = papers("P-1")
    pack = write_pack(tmp_path / "pack", [person(1)], documents=documents)
    hand_in(pack)
    customer = Customer.objects.get()
    submit_for_onboarding(customer=customer, actor=machine)
    Document.objects.filter(doc_type="Selfie").update(delivery="refused")
    (pack / documents[1]["file"]).write_bytes(picture("better"))
    tally = hand_in(pack)
    assert (tally.updated, tally.frozen, tally.documents) == (1, 0, 1)


def test_a_lone_customers_file_is_a_pack(tmp_path, machine):
    file = tmp_path / "people.csv"
    file.write_text(table([person(1)]))
    assert hand_in(file).accepted == 1


def test_a_pack_of_several_chunks_is_judged_row_by_row(tmp_path, machine, monkeypatch, corner_shop):
    monkeypatch.setattr("kyc.pack.places.STEP", 2)
    monkeypatch.setattr("kyc.pack.gathering.CHUNK_WITH_DOCUMENTS", 2)
    rows = [
        person(1),
        person(2, dob="x", merchant_uid=corner_shop.uid),
        business(),
        person(4, merchant_uid=corner_shop.uid),
        person(5, id_number="9.0E+12"),
        person(6, email="person1@example.com"),
    ]
    pack = write_pack(tmp_path / "pack", rows, [ubo(city="")], papers("P-1") + papers("P-9", ("Selfie",)))
    tally = hand_in(pack)
    assert faults(tally) == [
        ("P-2", "customers", 3, "dob", "date_format"),
        ("B-1", "ubos", 2, "city", "required"),
        ("P-5", "customers", 6, "id_number", "mangled_number"),
        ("P-6", "customers", 7, "email", "same_email"),
        ("P-9", "documents", 5, "reference", "unknown_reference"),
    ]
    assert references() == {"P-1", "P-4"}
    stored = Customer.objects.get(reference="P-4")
    assert (stored.merchant, stored.phone_index) == (corner_shop, keyed_index("phone", "+27822900004", 1))


def test_who_is_registered_between_look_up_and_comparison_is_already_there(tmp_path, machine, monkeypatch):
    from kyc.pack import comparing

    pack = write_pack(tmp_path / "pack", [person(1)], documents=papers("P-1"))
    real = comparing.check_candidates

    def check_after_another_importer(candidates, seen):
        if not Customer.objects.exists():
            monkeypatch.setattr(comparing, "check_candidates", real)
            hand_in(pack)
        real(candidates, seen)

    monkeypatch.setattr(comparing, "check_candidates", check_after_another_importer)
    tally = hand_in(pack)
    assert (tally.accepted, tally.already_there, tally.rejected, tally.exit_code) == (0, 1, 0, 0)
    assert Customer.objects.count() == 1
    assert Document.objects.count() == 3
