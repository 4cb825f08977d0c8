"""Masked by default, and shown one field at a time, for a reason that is kept."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from customers.models import Customer
from kyc.models import Document
from tests.portal.pages import people

HTMX = {"HX-Request": "true"}


@pytest.fixture
def lerato(corner_shop, thandi):
    return people.an_individual(
        corner_shop,
        thandi,
        is_pep_occupation=True,
        pep_occupation_data="Mayor of Gqeberha",
    )


@pytest.fixture
def acme(corner_shop, thandi):
    return people.a_business(corner_shop, thandi)


def reveal(client, customer, field, subject="customer", reason="Comparing with the document", **how):
    data = {"in": subject, "field": field, "reason": reason}
    return client.post(reverse("customer-reveal", args=[customer.pk]), data, **how)


def sealed_values(customer):
    """Every value of the customer, its profile, owners and documents that is held encrypted, as a page might
    write it."""
    from vault.masking import sealed_fields

    rows = [customer, *customer.ubos.all(), *customer.documents.all()]
    rows += [customer.business_profile] if customer.is_business else []
    found = set()
    for row in rows:
        for name in sealed_fields(type(row)):
            value = getattr(row, name)
            if hasattr(value, "isoformat"):
                found |= {value.isoformat(), f"{value:%-d %B %Y}", f"{value:%-d %b %Y}"}
            elif value:
                found.add(str(value))
    return found - {"scan.jpg"}


def test_whoever_writes_a_reason_is_told_that_it_stays(lerato, staff):
    page = staff.get(reverse("customer-detail", args=[lerato.pk])).text
    assert page.count('name="reason"') == page.count("Kept as you write it") > 0


@pytest.mark.parametrize("who", ["lerato", "acme"])
def test_no_sealed_value_stands_on_the_page_whoever_looks(who, request, staff):
    customer = request.getfixturevalue(who)
    text = staff.get(reverse("customer-detail", args=[customer.pk])).text
    values = sealed_values(customer)
    assert len(values) > 4
    assert [value for value in values if value in text] == []
    assert "••••••" in text


def test_one_value_is_shown_for_a_reason(lerato, staff):
    response = reveal(staff, lerato, "dob", headers=HTMX)
    assert "17 April 1991" in response.text
    assert lerato.id_number not in response.text
    assert "no-store" in response.headers["Cache-Control"]


def test_who_saw_which_field_and_why_is_written_down_and_the_value_is_not(lerato, staff, thandi):
    reveal(staff, lerato, "id_number")
    entry = AuditEntry.objects.get(action="customer.reveal")
    assert (entry.actor, entry.customer_id, entry.subject_id) == (thandi, lerato.pk, lerato.pk)
    assert (entry.reason, entry.details) == ("Comparing with the document", {"field": "id_number"})
    assert lerato.id_number not in repr(entry.__dict__)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_without_a_reason_nothing_is_shown(lerato, staff, reason):
    response = reveal(staff, lerato, "dob", reason=reason, headers=HTMX)
    assert "1991" not in response.text
    assert "reason" in response.text
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()
    assert reveal(staff, lerato, "dob", reason=reason).status_code == 302


def test_a_shown_value_is_masked_again_after_a_minute(lerato, staff):
    text = reveal(staff, lerato, "dob", headers=HTMX).text
    assert "load delay:60s" in text
    mask = reverse("customer-mask", args=[lerato.pk])
    assert f'hx-get="{mask}?in=customer&amp;field=dob"' in text
    masked = staff.get(f"{mask}?in=customer&field=dob", headers=HTMX).text
    assert "••••••" in masked
    assert "1991" not in masked


def test_without_scripts_the_value_stands_on_a_page_that_leads_back(lerato, staff):
    response = reveal(staff, lerato, "dob")
    assert "17 April 1991" in response.text
    assert response.headers["Refresh"] == f"60; url={reverse('customer-detail', args=[lerato.pk])}"


def test_from_the_viewer_it_leads_back_to_the_viewer(lerato, staff):
    passport = Document.objects.get(customer=lerato, doc_type="Passport")
    data = {"in": f"document:{passport.pk}", "field": "doc_number", "reason": "x", "beside": str(passport.pk)}
    response = staff.post(reverse("customer-reveal", args=[lerato.pk]), data)
    assert passport.doc_number in response.text
    assert response.headers["Refresh"].endswith(reverse("document-view", args=[passport.pk]))


@pytest.mark.parametrize("beside", ["https://evil.example/", "//evil.example", "javascript:1", "1"])
def test_it_leads_nowhere_else(lerato, staff, beside):
    data = {"in": "customer", "field": "dob", "reason": "x", "beside": beside}
    response = staff.post(reverse("customer-reveal", args=[lerato.pk]), data)
    assert response.headers["Refresh"].endswith(reverse("customer-detail", args=[lerato.pk]))


def test_every_kind_of_masked_value_can_be_shown(acme, staff):
    jane = acme.ubos.first()
    paper = Document.objects.filter(customer=acme, ubo=jane, doc_number__isnull=False).first()
    for subject, row, field in (
        ("profile", acme.business_profile, "address"),
        (f"ubo:{jane.pk}", jane, "id_number"),
        (f"document:{paper.pk}", paper, "original_name"),
        ("customer", acme, "phone_number"),
    ):
        if value := getattr(row, field):
            assert str(value) in reveal(staff, acme, field, subject, headers=HTMX).text
            entry = AuditEntry.objects.filter(action="customer.reveal").latest("at")
            assert (entry.subject_id, entry.details) == (row.pk, {"field": field})


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        ("customer", "wrapped_key"),
        ("customer", "token"),
        ("customer", "email"),
        ("customer", "vault_key"),
        ("customer", "__class__"),
        ("customer", ""),
        ("", "dob"),
        ("profile", "address"),
        ("ubo:not-a-uuid", "dob"),
        ("ubo:00000000-0000-4000-8000-000000000000", "dob"),
        ("merchant", "contact_phone"),
    ],
)
def test_what_is_not_masked_or_not_theirs_is_not_there(lerato, staff, subject, field):
    assert reveal(staff, lerato, field, subject).status_code == 404
    mask = reverse("customer-mask", args=[lerato.pk])
    assert staff.get(mask, {"in": subject, "field": field}).status_code == 404
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()


def test_a_files_digest_is_for_programs(lerato, staff):
    document = Document.objects.filter(customer=lerato).first()
    assert reveal(staff, lerato, "sha256", f"document:{document.pk}").status_code == 404


def test_another_customers_owner_or_document_is_not_reached_through_this_one(lerato, acme, staff):
    assert reveal(staff, lerato, "dob", f"ubo:{acme.ubos.first().pk}").status_code == 404
    theirs = Document.objects.filter(customer=acme).first()
    assert reveal(staff, lerato, "original_name", f"document:{theirs.pk}").status_code == 404


def test_who_only_views_sees_masks_and_may_not_look_behind_them(lerato, client, viewer):
    client.force_login(viewer)
    text = client.get(reverse("customer-detail", args=[lerato.pk])).text
    assert "••••••" in text
    assert reverse("customer-reveal", args=[lerato.pk]) not in text
    response = reveal(client, lerato, "dob")
    assert (response.status_code, "1991" in response.text) == (403, False)


def test_another_merchants_customer_is_not_there(lerato, client, db):
    from tests.accounts.people import a_person

    client.force_login(a_person("stranger@aggregator.example", "officer", merchants=("CCT0000000009",)))
    assert reveal(client, lerato, "dob").status_code == 404


def test_a_look_by_get_is_no_look(lerato, staff):
    url = reverse("customer-reveal", args=[lerato.pk])
    assert staff.get(url, {"in": "customer", "field": "dob", "reason": "x"}).status_code == 405


def test_a_value_whose_key_is_gone_is_said_to_be(lerato, staff):
    Customer.objects.filter(pk=lerato.pk).update(wrapped_key=b"")
    assert "key is gone" in reveal(staff, lerato, "dob", headers=HTMX).text
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()


def test_the_second_factor_is_asked_for_anew(lerato, staff, time_machine):
    time_machine.move_to(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6))
    response = reveal(staff, lerato, "dob", headers=HTMX)
    assert response.headers["HX-Redirect"].startswith(reverse("step-up"))
    assert "1991" not in response.text
    assert "/accounts/" in reveal(staff, lerato, "dob").headers["Location"]
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()
