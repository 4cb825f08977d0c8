import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from kyc.drift.choices import RunState, TakeIn
from kyc.drift.models import DriftRow, DriftRun
from tests.accounts.people import revoke
from tests.portal.pages import people

PAGE = "/drift/"


def a_run(actor, *, state=RunState.DONE, **fields):
    now = timezone.now()
    return DriftRun.objects.create(
        requested_by=actor, state=state, started_at=now, beat_at=now, finished_at=now, **fields
    )


def a_row(run, kind="only_there", code="stranger", uid="CCT900", merchant_uid="CCT0000000001", **fields):
    return DriftRow.objects.create(
        run=run, kind=kind, code=code, uid=uid, merchant_uid=merchant_uid, **fields
    )


@pytest.fixture
def found(corner_shop, thandi):
    """A comparison with one difference of each kind."""
    customer = people.an_individual(corner_shop, thandi)
    run = a_run(thandi, here=7, there=8, merchants=2)
    mine = {"customer_id": customer.pk, "reference": customer.reference}
    a_row(run)
    a_row(run, "only_here", "not_listed", "CCT901", **mine)
    a_row(run, "differs", "fields", "CCT902", fields=["custom_id", "dob"], **mine)
    return run


def test_before_the_first_comparison_the_page_says_how_to_make_one(staff):
    assert "Nothing was compared yet" in staff.get(PAGE).text


def test_each_difference_stands_with_what_to_do(found, staff):
    page = staff.get(PAGE)
    assert page.context["page"].counts == {"only_here": 1, "only_there": 1, "differs": 1}
    for text in (
        "Only here: 1",
        "CCT900",
        "In none of the exchange",
        "custom_id, dob",
        "set back to ours",
        "Take it in to",
    ):
        assert text in page.text
    assert reverse("customer-detail", args=[found.rows.get(uid="CCT901").customer_id]) in page.text


def test_the_list_is_narrowed_by_kind_and_merchant(found, staff):
    rows = staff.get(PAGE, {"kind": "differs"}).context["page"].rows
    assert [row.drift.uid for row in rows] == ["CCT902"]
    assert len(staff.get(PAGE, {"merchant": "CCT0000000001"}).context["page"].rows) == 3
    nonsense = staff.get(PAGE, {"kind": "nonsense"})
    assert nonsense.context["page"].rows == []
    assert "This filter is not valid" in nonsense.text
    found.rows.filter(kind="differs").delete()
    assert "Nothing matches" in staff.get(PAGE, {"kind": "differs"}).text


def test_htmx_gets_the_part_below_the_filters(found, staff):
    part = staff.get(PAGE, headers={"HX-Request": "true"})
    assert "CCT900" in part.text
    assert "<html" not in part.text


def test_where_both_sides_agree_the_page_says_so(staff, thandi):
    a_run(thandi, here=7, there=7)
    assert "Both sides agree" in staff.get(PAGE).text


def test_after_a_failure_the_result_before_it_stays(found, staff, thandi):
    a_run(thandi, state=RunState.FAILED, error_code="unreachable")
    text = staff.get(PAGE).text
    assert "did not come to its end" in text
    assert "unreachable" in text
    assert "CCT901" in text
    a_run(thandi)
    assert "did not come to its end" not in staff.get(PAGE).text


def test_a_list_that_was_not_had_whole_is_told(staff, thandi):
    a_run(thandi, incomplete=["CCT1"], unread=2)
    text = staff.get(PAGE).text
    assert "Not everything could be read" in text
    assert "2 customers" in text


def test_a_comparison_is_asked_for_once(staff, thandi):
    for _ in range(2):
        assert staff.post(reverse("drift-reconcile")).url == PAGE
    run = DriftRun.objects.get()
    assert (run.state, run.requested_by, run.is_full) == (RunState.REQUESTED, thandi, False)
    assert AuditEntry.objects.filter(action="drift.requested", actor=thandi).count() == 1
    text = staff.get(PAGE).text
    assert "A comparison is asked for." in text
    assert "under way already" in text


def test_one_account_is_asked_to_be_taken_in(found, staff, thandi):
    row = found.rows.get(uid="CCT900")
    staff.post(reverse("drift-take-in", args=[row.pk]))
    row.refresh_from_db()
    assert (row.take_in, row.take_in_asked_by) == (TakeIn.ASKED, thandi)
    page = staff.get(PAGE)
    assert "Being taken in" in page.text
    assert reverse("drift-take-in", args=[row.pk]) not in page.text


def test_all_that_is_only_there_is_asked_for_and_nothing_else(found, staff):
    a_row(found, code="extra_copy", uid="CCT903")
    a_row(found, code="unknown_token", uid="CCT904")
    staff.post(reverse("drift-take-in-all"))
    asked = DriftRow.objects.filter(take_in=TakeIn.ASKED).values_list("uid", flat=True)
    assert sorted(asked) == ["CCT900"]
    page = staff.get(PAGE)
    for uid in ("CCT903", "CCT904"):
        address = reverse("drift-take-in", args=[found.rows.get(uid=uid).pk])
        assert address not in page.text
        staff.post(address)
        assert found.rows.get(uid=uid).take_in == ""


def test_after_a_restore_nothing_is_offered_or_taken_in_and_the_page_says_why(found, staff, settings):
    settings.RECOVERY_EPOCH = "2026-11-28T02:30:00+02:00"
    row = found.rows.get(uid="CCT900")
    addresses = [reverse("drift-take-in", args=[row.pk]), reverse("drift-take-in-all")]
    page = staff.get(PAGE)
    assert "Nothing is taken in just now" in page.text
    assert "ask once more when the recovery is through" in page.text
    for address in addresses:
        assert address not in page.text
        assert "Nothing is taken in" in staff.post(address, follow=True).text
    row.refresh_from_db()
    assert row.take_in == TakeIn.NOT_ASKED
    settings.RECOVERY_EPOCH = ""
    assert addresses[0] in staff.get(PAGE).text


def test_what_came_of_it_stands_in_the_list(found, staff):
    found.rows.filter(uid="CCT900").update(take_in=TakeIn.NOT_POSSIBLE, obstacle="email_held_here")
    page = staff.get(PAGE).text
    for text in ("Another customer of this merchant has its e-mail here.", "Try once more"):
        assert text in page
    found.rows.filter(uid="CCT900").update(take_in=TakeIn.DONE, obstacle="")
    page = staff.get(PAGE)
    assert "read-only record here" in page.text
    assert "only_there" not in page.context["page"].counts


def test_nobody_sees_or_asks_without_the_right(found, client, staff, thandi):
    row = found.rows.get(uid="CCT900")
    posts = [
        reverse("drift-reconcile"),
        reverse("drift-take-in-all"),
        reverse("drift-take-in", args=[row.pk]),
    ]
    revoke(thandi, "officer", "operator", "auditor")
    assert staff.get(PAGE).status_code == 403
    assert [staff.post(path).status_code for path in posts] == [403, 403, 403]
    client.logout()
    assert [client.post(path).status_code for path in posts] == [302, 302, 302]
    assert client.get(PAGE).status_code == 302
    assert DriftRun.objects.count() == 1


def test_out_of_scope_the_differences_are_not_there(found, staff, nothing_in_scope):
    assert staff.get(PAGE).context["page"].rows == []
    assert staff.post(reverse("drift-take-in", args=[found.rows.get(uid="CCT900").pk])).status_code == 404
    staff.post(reverse("drift-take-in-all"))
    assert not DriftRow.objects.filter(take_in=TakeIn.ASKED).exists()


def test_asking_is_posted(staff):
    assert staff.get(reverse("drift-reconcile")).status_code == 405
    assert staff.get(reverse("drift-take-in-all")).status_code == 405


def test_the_page_takes_as_many_queries_for_many_differences(found, staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as few:
        staff.get(PAGE)
    DriftRow.objects.bulk_create(
        DriftRow(run=found, kind="only_there", code="stranger", uid=f"CCT{n}", merchant_uid=f"M{n}")
        for n in range(250)
    )
    with django_assert_max_num_queries(len(few)):
        assert "The first 200 are shown" in staff.get(PAGE).text
