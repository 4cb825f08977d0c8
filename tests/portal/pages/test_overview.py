import pytest
from django.core.cache import cache
from django.urls import reverse

from customers.choices import Stage
from customers.models import Customer
from portal.pages.overview.outbox import outbox_summary
from portal.pages.overview.queries import overview
from tests.portal.pages import people


@pytest.fixture
def some_customers(corner_shop, thandi):
    people.an_individual(corner_shop, thandi)
    people.an_individual(corner_shop, thandi, documents=False)
    people.moved_to(people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.VERIFIED)
    people.submitted(people.an_individual(corner_shop, thandi), thandi)


def numbers(user):
    from django.utils import timezone

    return overview(user=user, today=timezone.localdate())


def test_a_fresh_install_with_the_sandbox_offers_the_sample_pack(staff, settings):
    settings.USES_SANDBOX = True
    page = staff.get(reverse("overview"))

    assert page.status_code == 200
    assert "import_pack samples/pack --submit" in page.text


def test_a_fresh_install_with_a_real_exchange_never_offers_people_who_do_not_exist(staff, settings):
    settings.USES_SANDBOX = False
    text = staff.get(reverse("overview")).text

    assert "samples/pack" not in text
    assert "--submit" not in text
    assert "import_pack PACK --dry-run" in text
    assert "docs/packs.md" in text


def test_customers_are_counted_by_stage_and_kind(some_customers, thandi):
    shown = numbers(thandi)

    assert shown.standing.total == 4
    standing = shown.standing
    assert (standing.ready, standing.drafts, standing.with_exchange, standing.verified) == (1, 1, 1, 1)
    assert shown.standing.individuals == 4
    assert [(line.merchant.name, line.standing.open) for line in shown.merchants] == [("Corner Shop", 3)]


def test_what_blocks_the_drafts_is_counted_by_requirement(some_customers, thandi):
    blockers = {row.query["needs"]: row.customers for row in numbers(thandi).blockers.of_drafts}

    assert blockers == {"document:identity": 1, "document:selfie": 1, "document:proof_of_address": 1}


def test_what_blocks_is_more_than_drafts(some_customers, thandi, corner_shop, staff):
    """A refused upload, a rejected customer and a warning stand there with their lists."""
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="refused_by_exchange")
    people.moved_to(people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.REJECTED)
    people.an_individual(corner_shop, thandi, nationality="ZA", id_number="0202086471086", dob="2002-02-08")
    shown = numbers(thandi).blockers
    assert [row.customers for row in shown.for_staff] == [1, 1, 1]
    for row in shown.for_staff:
        assert people_listed(staff.get(row.address)) == 1, row
    assert (shown.waiting.outbox, shown.waiting.rejected, shown.waiting.warnings) == (1, 1, 1)


def people_listed(page) -> int:
    if "rows" in page.context:
        return len(page.context["rows"])
    return sum(len(section.entries) for section in page.context["page"].sections)


def test_the_documents_that_drafts_lack_are_counted_as_the_requirements_say(corner_shop, thandi, monkeypatch):
    """Counted by the database where not all drafts are judged: both ways come to the same."""
    for documents in (True, False, False):
        customer = people.an_individual(corner_shop, thandi, documents=documents)
        Customer.objects.filter(pk=customer.pk).update(stage=Stage.DRAFT)
    Customer.objects.first().documents.filter(doc_type="Selfie").delete()
    judged = {row.query["needs"]: row.customers for row in numbers(thandi).blockers.of_drafts}
    cache.clear()
    monkeypatch.setattr("portal.pages.drafts.DRAFTS_LOOKED_AT", 1)
    counted = numbers(thandi).blockers
    assert {row.query["needs"]: row.customers for row in counted.of_drafts if not row.among} == judged
    assert counted.among == 1


def test_every_number_of_a_blocker_leads_to_its_customers(some_customers, staff):
    page = staff.get(reverse("overview"))
    listed = staff.get(reverse("customers") + "?stage=draft&needs=document:selfie")

    assert "?stage=draft&amp;needs=document%3Aselfie" in page.text
    assert [row.customer.stage for row in listed.context["rows"]] == ["draft"]


def test_the_outbox_is_told_by_what_happens_next(some_customers, thandi, corner_shop):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="create_outcome_unknown", state="unknown", status=None)

    summary = outbox_summary(thandi)

    # One create is due; the reference and three documents of each of the two wait for the uid.
    assert (summary.due, summary.waiting, summary.unknown) == (1, 8, 1)
    assert summary.last_delivered_at is not None


def test_the_refreshed_part_is_the_numbers_alone(some_customers, staff):
    part = staff.get(reverse("overview"), headers={"HX-Request": "true"})

    assert "<html" not in part.text
    assert "Where customers stand" in part.text


def test_an_exchange_that_does_not_answer_is_said_and_nothing_breaks(staff):
    part = staff.get(reverse("overview-exchange"))

    assert part.status_code == 200
    assert "Does not answer" in part.text


def test_the_page_itself_does_not_wait_for_the_exchange(staff):
    assert staff.get(reverse("overview")).context["health"] is None
    assert cache.get("exchange-answers") is None


def test_the_number_of_queries_does_not_grow_with_the_customers(
    staff, corner_shop, thandi, django_assert_max_num_queries
):
    def page():
        cache.clear()
        return staff.get(reverse("overview"))

    for _ in range(2):
        people.an_individual(corner_shop, thandi, documents=False)
    with django_assert_max_num_queries(20) as few:
        page()
    for _ in range(6):
        people.an_individual(corner_shop, thandi, documents=False)
    with django_assert_max_num_queries(len(few)):
        assert page().context["page"].standing.total == 8


def test_out_of_scope_nothing_is_counted(some_customers, staff, nothing_in_scope):
    page = staff.get(reverse("overview"))

    assert page.context["page"].standing.total == 0
    assert page.context["outbox"].waiting_for_staff == 0


def test_while_the_cache_is_away_the_overview_is_worked_out_each_time(some_customers, staff, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    page = staff.get(reverse("overview"))
    assert page.status_code == 200
    assert page.context["page"].standing.total == 4
