import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEntry
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.models import AcceptedWarning, Document, Waiver
from tests.kyc import files
from tests.portal.pages import people


@pytest.fixture
def doubtful(corner_shop, thandi):
    """Everything is there, but the check digit of the ID number is wrong."""
    return people.an_individual(
        corner_shop, thandi, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
    )


def said(response):
    return [str(message) for message in response.context["messages"]]


def post(staff, name, customer, **data):
    return staff.post(reverse(f"customer-{name}", args=[customer.pk]), data, follow=True)


def warning_key(staff, customer):
    needs = staff.get(reverse("customer-detail", args=[customer.pk])).context["page"].needs
    return next(need.warning_key for need in needs if need.warning_key)


def test_a_warning_is_accepted_with_a_reason_and_the_customer_is_complete(doubtful, staff, thandi):
    response = post(
        staff, "accept-warning", doubtful, key=warning_key(staff, doubtful), reason="Seen the card."
    )

    accepted = AcceptedWarning.objects.get()
    doubtful.refresh_from_db()
    assert (accepted.code, accepted.reason, accepted.accepted_by) == ("check_digit", "Seen the card.", thandi)
    assert doubtful.stage == Stage.COMPLETE
    assert "Seen the card." in response.text


def test_a_warning_without_a_reason_stays_open(doubtful, staff):
    response = post(staff, "accept-warning", doubtful, key=warning_key(staff, doubtful), reason="  ")

    assert not AcceptedWarning.objects.exists()
    assert said(response)[0].startswith("A reason is needed.")


def test_a_key_that_is_not_open_accepts_nothing(doubtful, staff):
    assert "not open" in said(post(staff, "accept-warning", doubtful, key="0" * 24, reason="x"))[0]
    assert not AcceptedWarning.objects.exists()


def test_a_document_is_waived_with_a_reason(corner_shop, thandi, staff):
    business = people.a_business(corner_shop, thandi, documents=False)
    response = post(staff, "waive", business, doc_type="Tax Statement", reason="Founded this year.")

    assert Waiver.objects.get().doc_type == "Tax Statement"
    assert "Founded this year." in response.text


def test_a_document_that_every_business_has_is_not_waived(corner_shop, thandi, staff):
    business = people.a_business(corner_shop, thandi, documents=False)
    response = post(staff, "waive", business, doc_type="Board Resolution", reason="x")

    assert not Waiver.objects.exists()
    assert said(response)


def test_submitting_freezes_the_customer_and_writes_what_is_to_be_sent(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi)
    post(staff, "submit", customer)

    customer.refresh_from_db()
    assert (customer.stage, customer.submitted_by) == (Stage.SUBMITTED, thandi)
    assert Intent.objects.filter(lane_id=customer.pk).count() == 5


def test_a_customer_that_lacks_something_is_not_submitted_and_says_what(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi, documents=False)
    response = post(staff, "submit", customer)

    customer.refresh_from_db()
    assert customer.stage == Stage.DRAFT
    assert said(response)[0].startswith("Not submitted: Identity document")


def test_submitting_twice_says_so(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)

    assert said(post(staff, "submit", customer)) == ["The customer was submitted already."]


def test_a_file_is_handed_in_and_held_as_it_came(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi, documents=False)
    content = files.jpeg()
    post(
        staff,
        "add-document",
        customer,
        doc_type="Passport",
        doc_number="P530000001",
        doc_expire="2031-05-01",
        file=SimpleUploadedFile("../../etc/Lerato's passport.jpg", content, "image/jpeg"),
    )

    from kyc.documents import read_document

    document = Document.objects.get()
    assert (document.doc_type, document.doc_number, document.added_by) == ("Passport", "P530000001", thandi)
    assert read_document(document) == content


def test_a_file_of_another_kind_is_refused_with_what_to_do(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi, documents=False)
    svg = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    response = post(staff, "add-document", customer, doc_type="Selfie", file=svg)

    assert not Document.objects.exists()
    assert said(response)


def test_without_a_file_nothing_is_added_and_the_field_is_named(corner_shop, thandi, staff):
    customer = people.an_individual(corner_shop, thandi, documents=False)
    response = post(staff, "add-document", customer, doc_type="Selfie")

    assert said(response)[0].startswith("File:")


def test_where_it_may_be_any_document_none_is_chosen_beforehand(corner_shop, thandi, staff):
    customer = people.moved_to(
        people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.REJECTED
    )
    page = staff.get(reverse("customer-detail", args=[customer.pk]))
    ((_whose, form),) = next(
        need.uploads for need in page.context["page"].needs if need.row.code == "verification"
    )
    assert form["doc_type"].subwidgets[0].data["value"] == ""
    for said_of in ("Of an identity document.", "Of what has to be recent: Proof of Address."):
        assert said_of in page.text

    picture = SimpleUploadedFile("s.jpg", files.jpeg(), "image/jpeg")
    response = post(staff, "add-document", customer, doc_type="", file=picture)
    assert said(response)[0].startswith("Document:")


def test_a_document_of_an_owner_goes_to_that_owner(corner_shop, thandi, staff):
    business = people.a_business(corner_shop, thandi, documents=False)
    owner = business.ubos.get()
    picture = SimpleUploadedFile("s.jpg", files.jpeg(), "image/jpeg")
    post(staff, "add-document", business, doc_type="Selfie", owner=str(owner.pk), file=picture)

    assert Document.objects.get().ubo == owner


def test_of_a_rejected_business_better_documents_are_handed_in_and_sent(corner_shop, thandi, staff):
    business = people.moved_to(
        people.submitted(people.a_business(corner_shop, thandi), thandi), Stage.REJECTED
    )
    page = staff.get(reverse("customer-detail", args=[business.pk])).context["page"]
    forms = next(need.uploads for need in page.needs if need.row.code == "verification")

    assert [whose for whose, _form in forms] == ["", "Jane Smith"]
    for (_whose, form), doc_type, place in zip(forms, ("AML Policy", "Selfie"), (1, 2), strict=True):
        assert doc_type in dict(form.fields["doc_type"].choices)
        picture = SimpleUploadedFile("s.jpg", files.jpeg(files.scan((1200 + place, 850))), "image/jpeg")
        owner = form.fields["owner"].initial or ""
        post(staff, "add-document", business, doc_type=doc_type, owner=str(owner), file=picture)
        sent = Intent.objects.filter(topic="document.upload", state="pending", lane_id=business.pk)
        assert sent.count() == place


def test_of_a_rejected_customer_that_was_taken_in_nothing_can_be_handed_in(corner_shop, thandi, staff):
    customer = people.moved_to(
        people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.REJECTED
    )
    Customer.objects.update(origin="exchange")
    page = staff.get(reverse("customer-detail", args=[customer.pk]))
    assert [need.uploads for need in page.context["page"].needs if need.row.code == "verification"] == [[]]
    assert "not handed over here" in page.text
    assert customer.reference not in staff.get(reverse("waiting"), {"what": "rejected"}).text


@pytest.mark.parametrize("owner", ["another", "nonsense"])
def test_an_owner_of_another_business_is_not_found(owner, corner_shop, thandi, staff):
    business = people.a_business(corner_shop, thandi, documents=False)
    other = people.a_business(corner_shop, thandi, documents=False).ubos.get()
    picture = SimpleUploadedFile("s.jpg", files.jpeg(), "image/jpeg")
    named = str(other.pk) if owner == "another" else "nonsense"
    response = staff.post(
        reverse("customer-add-document", args=[business.pk]),
        {"doc_type": "Selfie", "owner": named, "file": picture},
    )

    assert response.status_code == 404
    assert not Document.objects.exists()


@pytest.mark.parametrize("name", ["submit", "accept-warning", "waive", "add-document"])
def test_nothing_changes_by_get_or_without_the_token(name, corner_shop, thandi, client):
    from django.test import Client

    customer = people.an_individual(corner_shop, thandi)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(thandi)
    path = reverse(f"customer-{name}", args=[customer.pk])
    before = AuditEntry.objects.count()

    assert strict.get(path).status_code == 405
    refused = strict.post(path)
    assert refused.status_code == 403
    assert "once more" in refused.text
    assert AuditEntry.objects.count() == before
