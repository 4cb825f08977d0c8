import html
import re
import uuid

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from customers.models import Customer
from exchange.client.dialects import DIALECTS
from exchange.outbox.database import now_ms
from exchange.outbox.groups import OPEN_GROUPS, Group, group_counts, group_of, in_groups
from exchange.outbox.models import ApiKeyClock, Attempt, Circuit, Intent, Worker
from portal.templatetags.calls import NAMES
from tests.accounts.people import revoke
from tests.portal.pages import people

PAGE = "/sync/"
LIST = "/sync/intents/"


@pytest.fixture
def at_work(corner_shop, thandi):
    """One customer whose create is due, one that waits for staff, one whose outcome is unknown."""
    people.submitted(people.an_individual(corner_shop, thandi), thandi)
    refused = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    lost = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    return {
        "refused": people.stuck(refused, reason="refused_by_exchange", codes="server.method.invalid"),
        "lost": people.stuck(lost, reason="create_outcome_unknown", state="unknown", status=None),
    }


def ended(customer, **values):
    now = now_ms()
    Intent.objects.filter(lane_id=customer.pk).update(state="done", done_ms=now, updated_ms=now, **values)


def listed(client, query=""):
    return client.get(LIST + query).context["rows"]


def test_with_nothing_to_tell_the_page_says_so(staff):
    page = staff.get(PAGE)

    assert page.status_code == 200
    assert "Nothing open" in page.text
    assert "No delivering process is running" in page.text
    assert page.context["page"].total.open == 0
    assert "Nothing is open" in staff.get(LIST).text


def test_what_is_to_be_told_is_counted_by_topic_and_group(at_work, staff):
    shown = staff.get(PAGE).context["page"]
    create, custom_id, upload = shown.topics

    # Each customer: one create, one reference, three documents; the latter four wait for the uid.
    assert (create.of(Group.DUE), create.of(Group.FOR_STAFF), create.of(Group.UNKNOWN)) == (1, 1, 1)
    assert (custom_id.of(Group.NOT_READY), upload.of(Group.NOT_READY)) == (3, 9)
    assert shown.total.open == Intent.objects.exclude(state__in=["done", "given_up"]).count()
    assert [(line.title, line.open) for line in shown.merchants] == [("Corner Shop", 15)]


def test_every_number_leads_to_a_list_of_as_many(at_work, corner_shop, thandi, staff):
    ended(people.submitted(people.an_individual(corner_shop, thandi), thandi))
    long_ago = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    Intent.objects.filter(lane_id=long_ago.pk).update(state="done", done_ms=now_ms() - 2 * 3600 * 1000)
    held = Intent.objects.filter(topic="customer.set_custom_id", state="pending").first()
    Intent.objects.filter(pk=held.pk).update(is_held=True)
    page = staff.get(PAGE)

    links = re.findall(r'href="(/sync/intents/[^"]*)">([\d,]+)</a>', page.text)
    assert len(links) == 5 * len(page.context["page"].columns)
    for address, number in links:
        assert len(staff.get(address.replace("&amp;", "&")).context["rows"]) == int(number), address


def test_the_overview_numbers_of_the_outbox_lead_to_lists_of_as_many(at_work, staff):
    page = staff.get(reverse("overview"))

    numbers = re.findall(r'href="(/sync/intents/\?state=(\w+))">(\d+)</a></dd>', page.text)
    assert {state for _, state, _ in numbers} == {"due", "in_flight", "waiting", "unknown", "for_staff"}
    for address, _state, number in numbers:
        assert len(listed(staff, address.removeprefix(LIST))) == int(number), address


def test_every_number_about_merchants_leads_to_its_customers(at_work, corner_shop, thandi, staff):
    people.an_individual(corner_shop, thandi)
    for page in ("/", "/merchants/"):
        rows = re.findall(r'href="(/customers/\?merchant=[^"]*)">(\d+)</a>', staff.get(page).text)
        assert len(rows) >= 3
        for address, number in rows:
            customers = staff.get(address.replace("&amp;", "&")).context["rows"]
            assert len(customers) == int(number), address


def test_every_open_intent_is_in_exactly_one_group(at_work, db):
    now = now_ms()
    Intent.objects.filter(topic="document.upload").update(is_ready=True, due_ms=now + 60_000)
    counted = {(row.topic, row.group): row.count for row in group_counts()}

    for intent in Intent.objects.all():
        groups = [g for g in OPEN_GROUPS if in_groups(Intent.objects.filter(pk=intent.pk), [g], now).exists()]
        assert groups == [group_of(intent, now)]
    assert counted["document.upload", Group.LATER] == 9
    assert sum(counted.values()) == Intent.objects.count()


def test_a_row_says_whose_it_is_and_what_it_waits_for(at_work, staff):
    (row,) = listed(staff, "?state=for_staff")
    page = staff.get(LIST + "?state=for_staff").text

    assert row.customer.pk == at_work["refused"].lane_id
    for said in (row.customer.reference, "Create the customer", "The exchange refused the request"):
        assert said in page


def test_the_list_is_narrowed_by_topic_reason_and_merchant(at_work, own_merchant, thandi, staff):
    people.submitted(people.an_individual(own_merchant, thandi), thandi)

    assert len(listed(staff)) == 20
    assert {row.intent.topic for row in listed(staff, "?topic=document.upload")} == {"document.upload"}
    assert [row.intent for row in listed(staff, "?reason=create_outcome_unknown")] == [at_work["lost"]]
    assert len(listed(staff, f"?merchant={own_merchant.uid}")) == 5
    # What is not offered is said, and never shows everything instead.
    nonsense = staff.get(reverse("sync-intents") + "?state=nonsense&topic=';--")
    assert nonsense.context["rows"] == []
    assert [row.label for row in nonsense.context["not_valid"]] == ["State", "What"]


def test_documents_are_named_by_their_type(at_work, staff):
    abouts = {row.about for row in listed(staff, "?topic=document.upload")}
    assert abouts == {"Passport", "Selfie", "Proof of Address"}


@pytest.mark.parametrize("state", ["not_ready", "done"])
def test_pages_follow_each_other_without_a_gap_or_a_repetition(state, at_work, staff, monkeypatch):
    monkeypatch.setattr("portal.pages.sync.listing.PAGE_SIZE", 5)
    if state == "done":
        for number, pk in enumerate(Intent.objects.values_list("pk", flat=True)):
            Intent.objects.filter(pk=pk).update(state="done", done_ms=1_790_000_000_000 + number // 3)
    wanted = set(Intent.objects.filter(state="done" if state == "done" else "pending", is_ready=False))
    if state == "done":
        wanted = set(Intent.objects.filter(state="done"))

    seen, query = [], f"state={state}"
    while query:
        context = staff.get(f"{LIST}?{query}").context
        seen += [row.intent for row in context["rows"]]
        query = context["next_query"]
    assert len(seen) == len(set(seen)) > 10
    assert set(seen) == wanted


def test_what_ended_last_is_listed_first(at_work, staff):
    first, second = Intent.objects.filter(topic="document.upload")[:2]
    Intent.objects.filter(pk=first.pk).update(state="done", done_ms=now_ms() - 5_000)
    Intent.objects.filter(pk=second.pk).update(state="done", done_ms=now_ms())
    assert [row.intent for row in listed(staff, "?state=done")] == [second, first]


def test_one_intent_shows_its_attempts_and_never_a_body(at_work, staff):
    intent = at_work["refused"]
    page = staff.get(reverse("intent-detail", args=[intent.pk]))

    attempts = Attempt.objects.filter(intent=intent)
    assert page.context["page"].attempts == list(attempts.order_by("-number"))
    for said in ("server.method.invalid", "422", "refused", attempts[0].worker):
        assert said in page.text
    assert "Send again" in page.text
    assert attempts[0].request_digest not in page.text or not attempts[0].request_digest


def test_a_retry_from_the_intents_page_leads_back_to_it(at_work, staff):
    intent = at_work["refused"]
    reply = staff.post(reverse("intent-retry", args=[intent.pk]), {"back": "intent"})

    assert reply.headers["Location"] == reverse("intent-detail", args=[intent.pk])
    assert "Send again" not in staff.get(reply.headers["Location"]).text


def test_an_unknown_outcome_offers_no_sending_again(at_work, staff):
    page = staff.get(reverse("intent-detail", args=[at_work["lost"].pk]))
    assert "Send again" not in page.text
    assert "Whether the customer was created is unknown" in page.text


def test_the_rate_in_force_is_told(at_work, staff, settings):
    from exchange.outbox.key_clock import KeyClock

    clock = KeyClock()
    clock.grant()
    clock.pause(90, "rate_limited")
    ApiKeyClock.objects.update(share=0.5, share_at_ms=now_ms(), skew_ms=-4000)
    page = staff.get(PAGE)

    assert page.context["page"].rate.percent == 50
    assert "10 of 20 calls a second (50" in page.text
    assert "rate_limited" in page.text
    assert "-4.0 s from ours" in page.text


def test_a_refused_key_is_told_before_anything_else(staff, db):
    from exchange.outbox.key_clock import KeyClock

    KeyClock().grant()
    ApiKeyClock.objects.update(strikes=3, stopped_code="authz.invalid_signature")
    assert "authz.invalid_signature" in staff.get(PAGE).text
    assert "refuses the API key" in staff.get(PAGE).text


def test_looking_at_the_page_writes_nothing(staff, at_work):
    staff.get(PAGE)
    assert not ApiKeyClock.objects.exists()


def test_an_open_circuit_says_since_when_and_when_it_probes(staff, db):
    now = now_ms()
    Circuit.objects.create(
        endpoint="create_customer", failures=7, open_until_ms=now + 8000, opened_ms=now - 120_000
    )
    Circuit.objects.create(endpoint="upload_document", failures=2)
    shown = staff.get(PAGE).context["page"]

    assert [(row.endpoint, row.is_open) for row in shown.circuits] == [
        ("create_customer", True),
        ("upload_document", False),
    ]
    assert shown.circuits[0].next_probe_at > shown.circuits[0].opened_at
    assert "7 failures in a row" in staff.get(PAGE).text


def test_a_call_that_is_refused_to_everybody_is_told_with_what_to_do(staff, db):
    now = now_ms()
    Circuit.objects.create(
        endpoint="upload_document", refusals=3, open_until_ms=now + 8000, opened_ms=now - 120_000
    )
    page = staff.get(PAGE)
    assert page.context["page"].open_circuits == 1
    assert "refuses a call to everybody" in page.text
    assert "3 refusals in a row" in page.text
    assert "Check the dialect" in page.text


def test_a_silent_worker_is_told_from_one_that_lives(staff, at_work):
    now = now_ms()
    Worker.objects.create(id="a-1", host="a", pid=1, started_ms=now - 90_000, beat_ms=now)
    Worker.objects.create(id="b-2", host="b", pid=2, started_ms=now - 90_000, beat_ms=now - 60_000)
    shown = staff.get(PAGE).context["page"]

    assert [(worker.id, worker.is_alive) for worker in shown.workers] == [("a-1", True), ("b-2", False)]
    assert not shown.is_nobody_delivering
    Worker.objects.all().delete()
    assert "no worker is delivering" in staff.get(PAGE).text


def test_the_refreshed_part_is_the_numbers_alone(at_work, staff):
    for address, said in ((PAGE, "By merchant"), (LIST, "Create the customer")):
        part = staff.get(address, headers={"HX-Request": "true"})
        assert "<html" not in part.text
        assert said in part.text


def test_out_of_scope_nothing_is_counted_listed_or_shown(at_work, staff, nothing_in_scope):
    assert staff.get(PAGE).context["page"].total.open == 0
    assert listed(staff) == []
    assert staff.get(reverse("intent-detail", args=[at_work["refused"].pk])).status_code == 404
    assert staff.get(reverse("intent-detail", args=[uuid.uuid4()])).status_code == 404


def test_nobody_sees_it_without_signing_in(client, at_work):
    for address in (PAGE, LIST, reverse("intent-detail", args=[at_work["refused"].pk])):
        assert client.get(address).status_code == 302


def test_without_the_right_it_is_refused(at_work, staff, thandi):
    revoke(thandi, "officer", "operator", "auditor")
    for address in (PAGE, LIST, reverse("intent-detail", args=[at_work["refused"].pk])):
        assert staff.get(address).status_code == 403


@pytest.mark.parametrize(("address", "most"), [(PAGE, 12), (LIST, 8)])
def test_queries_do_not_grow_with_what_is_open(
    address, most, at_work, corner_shop, thandi, staff, django_assert_max_num_queries
):
    with django_assert_max_num_queries(most) as few:
        staff.get(address)
    for _ in range(3):
        people.stuck(
            people.submitted(people.an_individual(corner_shop, thandi), thandi), reason="too_many_attempts"
        )
    with django_assert_max_num_queries(len(few)):
        staff.get(address)


# --- Decisions ------------------------------------------------------------------------------------


def decide(client, intent, name, reason="The exchange said so by phone.", **more):
    address = reverse("intent-decide", args=[intent.pk, name])
    return client.post(address, {"reason": reason, **more}, follow=True)


def offered(client, intent):
    return [
        offer.name for offer in client.get(reverse("intent-detail", args=[intent.pk])).context["page"].offers
    ]


def waiting_create(at_work, reason):
    intent = at_work["refused"]
    Intent.objects.filter(pk=intent.pk).update(reason=reason)
    intent.refresh_from_db()
    return intent


def test_what_is_to_be_sent_can_be_held_back_and_let_go(at_work, staff, thandi):
    intent = Intent.objects.filter(topic="customer.create", state="pending").get()
    assert offered(staff, intent) == ["hold"]

    decide(staff, intent, "hold")
    intent.refresh_from_db()
    assert (intent.is_held, offered(staff, intent)) == (True, ["release", "give-up"])
    entry = AuditEntry.objects.get(action="intent.hold")
    assert (entry.actor, entry.reason, entry.subject_id) == (
        thandi,
        "The exchange said so by phone.",
        intent.pk,
    )

    decide(staff, intent, "release", reason="")
    intent.refresh_from_db()
    assert not intent.is_held


def test_an_unknown_create_is_looked_for_again(at_work, staff):
    assert offered(staff, at_work["lost"]) == ["look"]
    decide(staff, at_work["lost"], "look")
    at_work["lost"].refresh_from_db()
    assert at_work["lost"].look_ms <= now_ms()
    assert AuditEntry.objects.filter(action="intent.look").count() == 1


def test_a_create_that_nobody_could_find_is_sent_after_all_with_a_reason(at_work, staff):
    intent = waiting_create(at_work, "create_outcome_unknown")
    assert offered(staff, intent) == ["look", "send", "give-up"]
    decide(staff, intent, "send")
    intent.refresh_from_db()
    assert (intent.state, intent.reason) == ("pending", "")


def unproven(at_work):
    intent = waiting_create(at_work, "create_outcome_unknown")
    Intent.objects.filter(pk=intent.pk).update(error_code="unproven:CCT777")
    return intent


def test_an_account_that_shows_nothing_is_bound_by_an_officers_word(at_work, staff):
    intent = unproven(at_work)
    assert offered(staff, intent) == ["look", "confirm", "send", "give-up"]
    page = staff.get(reverse("intent-detail", args=[intent.pk])).text
    assert '<input type="hidden" name="account" value="CCT777">' in page

    decide(staff, intent, "confirm", account="CCT778")
    intent.refresh_from_db()
    assert intent.state == "waiting_for_staff"
    decide(staff, intent, "confirm", account="CCT777")
    intent.refresh_from_db()
    assert intent.state == "done"
    assert Customer.objects.get(pk=intent.lane_id).uid == "CCT777"


def test_where_it_takes_two_it_is_proposed_and_approved_on_its_page(
    at_work, staff, officer, client, four_eyes
):
    intent = unproven(at_work)
    address = reverse("intent-detail", args=[intent.pk])
    assert offered(staff, intent) == ["look", "propose-confirmation", "send", "give-up"]
    reply = decide(staff, intent, "confirm", account="CCT777")
    assert "Somebody else has to approve it" in reply.text
    decide(staff, intent, "propose-confirmation", account="CCT777")
    intent.refresh_from_db()
    assert intent.state == "waiting_for_staff"
    assert "proposed already" in decide(staff, intent, "propose-confirmation", account="CCT777").text
    assert "You proposed this, so somebody else has to decide it." in html.unescape(staff.get(address).text)

    (row,) = staff.get(address).context["page"].proposals
    approval = reverse("proposal-approve", args=[row.proposal.pk])
    assert approval not in staff.get(address).text
    client.force_login(officer)
    for page in (address, reverse("waiting"), reverse("customer-detail", args=[intent.lane_id])):
        assert "the account CCT777 at the exchange is this customer" in client.get(page).text
        assert approval in client.get(page).text
    reply = client.post(approval, {"back": "intent"})
    assert reply.headers["Location"] == address
    intent.refresh_from_db()
    assert (intent.state, Customer.objects.get(pk=intent.lane_id).uid) == ("done", "CCT777")


def test_the_customers_page_leads_to_the_decisions_about_what_waits(at_work, staff, thandi):
    intent = at_work["refused"]
    address = reverse("intent-detail", args=[intent.pk])
    assert address in staff.get(reverse("customer-detail", args=[intent.lane_id])).text
    revoke(thandi, "officer", "operator", "auditor")
    assert address not in staff.get(reverse("customer-detail", args=[intent.lane_id])).text


def test_what_is_given_up_thaws_the_customer(at_work, staff):
    intent = waiting_create(at_work, "create_outcome_unknown")
    decide(staff, intent, "give-up")
    intent.refresh_from_db()
    assert intent.state == "given_up"
    assert Customer.objects.get(pk=intent.lane_id).is_editable


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_without_a_reason_nothing_is_decided(reason, at_work, staff):
    reply = decide(staff, at_work["refused"], "give-up", reason=reason)
    at_work["refused"].refresh_from_db()
    assert at_work["refused"].state == "waiting_for_staff"
    assert "Nothing was changed" in reply.text
    assert not AuditEntry.objects.filter(action="intent.give_up").exists()


@pytest.mark.parametrize(
    "name", ["look", "send", "acknowledge", "hold", "release", "confirm", "propose-confirmation"]
)
def test_what_does_not_fit_is_refused_in_words(name, at_work, staff):
    reply = decide(staff, at_work["refused"], name)
    at_work["refused"].refresh_from_db()
    assert at_work["refused"].state == "waiting_for_staff"
    assert reply.context["messages"]
    assert not AuditEntry.objects.filter(action__startswith="intent.").exists()


def test_a_decision_needs_its_right_its_scope_and_a_name(at_work, staff, thandi):
    assert decide(staff, at_work["refused"], "nonsense").status_code == 404
    assert staff.get(reverse("intent-decide", args=[at_work["refused"].pk, "give-up"])).status_code == 405
    revoke(thandi, "officer")
    assert "give-up" not in offered(staff, at_work["refused"])
    assert decide(staff, at_work["refused"], "give-up").status_code == 403


def test_out_of_scope_nothing_is_decided(at_work, staff, nothing_in_scope):
    assert decide(staff, at_work["refused"], "give-up").status_code == 404


def test_every_call_of_every_dialect_has_words_on_the_page():
    assert {name for dialect in DIALECTS.values() for name in dialect.calls} == set(NAMES)


def test_a_call_that_fails_is_not_said_to_work(staff):
    Circuit.objects.create(endpoint="create_customer", failures=2)
    text = staff.get(reverse("sync")).text
    assert "Create a customer" in text
    assert ("Some fail" in text, "None rests" in text) == (True, False)
