import re

from django.urls import reverse

from accounts.models import AuditEntry
from customers.models import Merchant
from tests.portal.pages import people

LIST = "/merchants/"


def contact(**changes):
    return {"contact_name": "", "contact_email": "", "contact_phone": "", "notes": "", **changes}


def change(client, merchant, **changes):
    return client.post(reverse("merchant-detail", args=[merchant.uid]), contact(**changes))


def test_without_merchants_the_page_says_what_brings_them(staff):
    assert "import_pack" in staff.get(LIST).text


def test_each_merchant_stands_with_its_numbers(corner_shop, own_merchant, thandi, staff):
    people.an_individual(corner_shop, thandi)
    people.submitted(people.an_individual(corner_shop, thandi), thandi)
    rows = {row.merchant.uid: row for row in staff.get(LIST).context["rows"]}

    assert (rows[corner_shop.uid].standing.total, rows[corner_shop.uid].standing.not_submitted) == (2, 1)
    assert rows[corner_shop.uid].standing.on_the_way == 1
    assert rows[own_merchant.uid].standing.total == 0


def test_a_merchant_is_found_by_part_of_its_name(corner_shop, own_merchant, staff):
    found = staff.get(LIST, {"q": "corner"}).context["rows"]

    assert [row.merchant for row in found] == [corner_shop]
    assert "No merchant matches" in staff.get(LIST, {"q": "zzz\x00"}).text


def test_the_list_takes_as_many_queries_for_many_merchants(corner_shop, staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(6) as few:
        staff.get(LIST)
    Merchant.objects.bulk_create(Merchant(uid=f"CCT{number}", name=f"Shop {number}") for number in range(30))
    with django_assert_max_num_queries(len(few)):
        assert len(staff.get(LIST).context["rows"]) == 31


def test_contact_and_notes_are_kept_and_who_changed_them(corner_shop, thandi, staff):
    change(staff, corner_shop, contact_name="Musa", notes="Calls on Mondays.")

    corner_shop.refresh_from_db()
    assert (corner_shop.contact_name, corner_shop.notes) == ("Musa", "Calls on Mondays.")
    entry = AuditEntry.objects.get(action="merchant.change")
    assert (entry.actor, entry.details) == (thandi, {"fields": ["contact_name", "notes"]})


def test_saving_what_is_there_already_writes_nothing_down(corner_shop, staff):
    change(staff, corner_shop)

    assert not AuditEntry.objects.exists()


def test_an_address_that_is_none_is_said_beside_its_field(corner_shop, staff):
    response = change(staff, corner_shop, contact_email="no address")

    assert response.status_code == 422
    assert "contact_email" in response.context["form"].errors
    assert re.search(r'<input[^>]* name="contact_email"[^>]* autofocus', response.text)
    assert response.context["merchant"].contact_email == ""


def test_the_name_that_the_exchange_gave_is_not_changed_here(corner_shop, staff):
    staff.post(reverse("merchant-detail", args=[corner_shop.uid]), contact(name="Mine now", uid="X"))

    corner_shop.refresh_from_db()
    assert (corner_shop.name, corner_shop.uid) == ("Corner Shop", "CCT0000000001")


def test_out_of_scope_a_merchant_is_not_there(corner_shop, staff, nothing_in_scope):
    assert staff.get(LIST).context["rows"] == []
    assert staff.get(reverse("merchant-detail", args=[corner_shop.uid])).status_code == 404
    assert change(staff, corner_shop, notes="x").status_code == 404
