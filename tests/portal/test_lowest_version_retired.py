"""The lowest version of PORTAL_KEYS is rotated out and taken away, and nothing that the portal does tells."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer, Ubo
from customers.reindexing import people_by_version
from customers.search import search_customers
from kyc.canonical import canonical_digest
from kyc.documents import read_document
from kyc.models import AcceptedWarning, Document
from kyc.reindexing import documents_by_version
from kyc.warnings import open_warnings
from tests.customers.people import INDIVIDUAL, TODAY
from tests.kyc.onboarding import business, complete, hand_in, individual, submitted
from tests.kyc.pack.packs import business as business_row
from tests.kyc.pack.packs import hand_in as hand_in_pack
from tests.kyc.pack.packs import papers, person, write_pack
from tests.kyc.pack.packs import ubo as ubo_row
from tests.portal.test_known_keys import key, new_process, start
from vault.indexes import keyed_digest, lasting_index
from vault.models import IndexKey, LastingKey
from vault.tokens import correlation_token

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = key("a"), key("b", 2), key("c", 3)


def rotate(*options: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


def rotated_out(settings) -> None:
    """From version 1 to 2, and 1 is taken away; each by a process of its own."""
    assert start(settings, ONE, TWO) == []
    rotate()
    assert start(settings, TWO) == []


@pytest.fixture
def under_one(settings):
    assert start(settings, ONE) == []


def doubts(customer) -> set[str]:
    return {warning.problem.code for warning in open_warnings(customer, today=TODAY)}


def everybody_is_found() -> None:
    """Two customers have the same phone, number, document and file: each tells of the other."""
    expected = {"same_phone", "same_id_number", "same_file_elsewhere"}
    for customer in Customer.objects.all():
        assert doubts(customer) & expected == expected
    for number in (INDIVIDUAL["id_number"], INDIVIDUAL["phone_number"], "m-001 23456"):
        assert search_customers(Customer.objects.all(), number).count() == 2


def everything_opened() -> list[dict]:
    """Every column of every person and document, opened, but for what says under which version it is."""
    versions = {"wrapped_key", "phone_index", "id_number_index", "doc_number_index", "content_digest"}
    return [
        {
            field.name: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.name not in {*versions, "index_version"}
        }
        for model in (Customer, Ubo, Document)
        for row in model.objects.order_by("pk")
    ]


def test_every_record_opens_and_is_as_it_was(under_one, settings, own_merchant, thandi):
    complete(business(own_merchant, thandi), thandi)
    before, files = everything_opened(), [read_document(row) for row in Document.objects.order_by("pk")]
    rotated_out(settings)
    assert everything_opened() == before
    assert [read_document(row) for row in Document.objects.order_by("pk")] == files
    assert (people_by_version(), documents_by_version()) == ({2: 2}, {2: Document.objects.count()})


def test_whoever_was_doubled_is_still_found(under_one, settings, own_merchant, corner_shop, thandi):
    first = individual(own_merchant, thandi, reference="A", email="a@example.com")
    content = read_document(hand_in(first, "Passport", thandi).document)
    rotated_out(settings)
    second = individual(corner_shop, thandi, reference="B", email="b@example.com")
    hand_in(second, "Passport", thandi, content=content)
    everybody_is_found()


@pytest.mark.parametrize("is_first_old", [True, False])
def test_in_the_midst_of_it_nobody_is_missed_either(
    under_one, settings, own_merchant, corner_shop, thandi, monkeypatch, is_first_old
):
    """The second comes where the indexes of the first are old, and where they are new."""
    first = individual(own_merchant, thandi, reference="A", email="a@example.com")
    content = read_document(hand_in(first, "Passport", thandi).document)
    start(settings, ONE, TWO)
    if is_first_old:
        with monkeypatch.context() as patch:
            patch.setattr("portal.key_rotation.reindex_people", stop)
            with pytest.raises(KeyboardInterrupt):
                rotate()
    else:
        rotate()
    second = individual(corner_shop, thandi, reference="B", email="b@example.com")
    hand_in(second, "Passport", thandi, content=content)
    assert {row.index_version for row in Customer.objects.all()} == ({None, 2} if is_first_old else {2})
    everybody_is_found()
    rotate()
    assert start(settings, TWO) == []
    everybody_is_found()


def test_what_the_exchange_knows_and_what_proves_stays(under_one, settings, own_merchant, thandi):
    customer = submitted(individual(own_merchant, thandi), thandi)
    token, digest = customer.token, Customer.objects.get().submitted_digest
    proofs = (
        keyed_digest("request", b"x"),
        keyed_digest("anything newer", b"x"),
        lasting_index("tries/account", "x"),
    )
    rotated_out(settings)
    held = Customer.objects.get()
    assert correlation_token(own_merchant.uid, "individual", held.email) == held.token == token
    assert canonical_digest(held, []) == held.submitted_digest == digest
    assert proofs == (
        keyed_digest("request", b"x"),
        keyed_digest("anything newer", b"x"),
        lasting_index("tries/account", "x"),
    )


def test_what_was_accepted_stays_accepted(under_one, settings, own_merchant, corner_shop, thandi):
    from kyc.acceptance import accept_all_warnings

    first = individual(own_merchant, thandi, reference="A", email="a@example.com")
    content = read_document(hand_in(first, "Selfie", thandi).document)
    second = individual(corner_shop, thandi, reference="B", email="b@example.com")
    hand_in(second, "Selfie", thandi, content=content)
    accept_all_warnings(customers=[second], reason="Twins.", actor=thandi, today=TODAY)
    assert AcceptedWarning.objects.filter(code="same_file_elsewhere").exists()
    rotated_out(settings)
    assert doubts(Customer.objects.get(reference="B")) == set()


@pytest.mark.parametrize("is_over", [True, False])
def test_the_same_pack_again_changes_nothing(under_one, settings, tmp_path, machine, is_over):
    pack = write_pack(
        tmp_path / "pack",
        [person(1), business_row()],
        [ubo_row()],
        [*papers("C-1"), *papers("B-1", ("Selfie",), ubo_email=ubo_row()["email"])],
    )
    first = hand_in_pack(pack)
    assert first.accepted == 2, first.faults
    start(settings, ONE, TWO)
    rotate()
    if is_over:
        assert start(settings, TWO) == []
    before = everything_opened()
    again = hand_in_pack(pack)
    assert (again.already_there, again.updated, again.documents) == (2, 0, 0)
    assert everything_opened() == before


def test_a_second_rotation_takes_the_next_one_out(under_one, settings, own_merchant, thandi):
    customer = individual(own_merchant, thandi)
    rotated_out(settings)
    start(settings, TWO, THREE)
    rotate()
    assert start(settings, THREE) == []
    assert correlation_token(own_merchant.uid, "individual", customer.email) == customer.token
    assert search_customers(Customer.objects.all(), INDIVIDUAL["id_number"]).count() == 1


def test_the_lowest_is_needed_until_all_of_it_is_done(under_one, settings, own_merchant, thandi, monkeypatch):
    customer = individual(own_merchant, thandi)
    hand_in(customer, "Selfie", thandi)
    start(settings, ONE, TWO)
    steps = (
        "seal_lasting_keys", "rewrap_data_keys", "reindex_people", "reindex_documents",
    )  # fmt: skip
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(f"portal.key_rotation.{step}", stop)
            with pytest.raises(KeyboardInterrupt):
                rotate()
        assert start(settings, TWO) != []
        new_process(settings, ONE, TWO)
    rotate()
    assert start(settings, TWO) == []


def stop(*_given: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("model", [Customer, Document])
def test_one_row_under_the_lowest_keeps_it(under_one, settings, own_merchant, thandi, model):
    hand_in(individual(own_merchant, thandi), "Selfie", thandi)
    start(settings, ONE, TWO)
    rotate()
    model.objects.update(index_version=None)
    assert "version 1" in start(settings, TWO)[0]


def test_a_new_installation_keeps_no_rows_for_it(under_one, own_merchant, thandi):
    individual(own_merchant, thandi)
    rotate()
    assert not LastingKey.objects.exists()
    assert not IndexKey.objects.exists()
    assert Customer.objects.get().index_version is None


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(under_one, settings, own_merchant, thandi):
    individual(own_merchant, thandi)
    start(settings, ONE, TWO)
    said = rotate("--dry-run")
    assert "people's look-up indexes: version 1: 1 (to be brought under 2)" in said
    assert "May now be taken out" not in said
    assert not LastingKey.objects.exists()
    assert people_by_version() == {1: 1}


def test_a_lasting_key_of_another_purpose_does_not_open_in_its_place(under_one, settings, own_merchant):
    start(settings, ONE, TWO)
    rotate()
    LastingKey.objects.filter(purpose="token").update(
        sealed=LastingKey.objects.get(purpose="digest/request").sealed
    )
    assert "digests and tokens" in start(settings, TWO)[0]


def test_whoever_has_not_the_newest_version_is_refused_and_writes_nothing(
    under_one, settings, own_merchant, thandi, tmp_path
):
    from vault.index_versions import OlderKeys

    start(settings, ONE, TWO)
    rotate()
    settings.PORTAL_KEYS = ONE
    with pytest.raises(OlderKeys, match="version 2"):
        individual(own_merchant, thandi)
    with pytest.raises(CommandError, match="start everything anew"):
        call_command("import_pack", str(write_pack(tmp_path / "pack", [person(1)])))
    assert not Customer.objects.exists()


def test_a_process_that_went_on_from_before_comes_to_the_same(under_one, settings, own_merchant, thandi):
    before = keyed_digest("request", b"x"), correlation_token("M", "individual", "a@example.com")
    new_process(settings, ONE, TWO)
    assert keyed_digest("request", b"x") == before[0]
    rotate()
    assert (keyed_digest("request", b"x"), correlation_token("M", "individual", "a@example.com")) == before
    individual(own_merchant, thandi)
    new_process(settings, TWO)
    assert (keyed_digest("request", b"x"), correlation_token("M", "individual", "a@example.com")) == before
    assert people_by_version() == {2: 1}


def test_neither_rows_nor_trail_hold_a_key_in_clear(under_one, settings):
    from accounts.models import AuditEntry
    from vault.keys import key_for

    start(settings, ONE, TWO)
    token = key_for("token", 1).hex()
    rotate()
    held = json.dumps([*LastingKey.objects.values_list("purpose", "sealed")])
    told = json.dumps([*AuditEntry.objects.values_list("details", flat=True)])
    assert token not in held + told
