"""Who asked by which way, in the course of what, and what was refused: written down at the edge."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.audit_refusals import TOLD_ONE_BY_ONE, at_edge, is_told
from accounts.audit_rows import AuditEntry
from accounts.circumstances import Channel, current
from accounts.policy import NotAllowed, require
from tests.accounts.people import a_person
from tests.portal.pages.people import an_individual


@pytest.fixture(autouse=True)
def _nobody_was_refused_before(db):
    cache.clear()


@pytest.fixture
def of_another_shop(db):
    return a_person("otto@aggregator.example", "officer", "auditor", merchants=("CCT0000000009",))


def refusals() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(outcome="refused").order_by("id"))


def test_an_entry_says_by_which_way_it_came_and_carries_the_id_of_its_request(client, thandi, corner_shop):
    client.force_login(thandi)
    url = reverse("merchant-detail", args=[corner_shop.uid])
    answer = client.post(url, {"contact_name": "Piet"})
    entry = AuditEntry.objects.get(action="merchant.change")
    assert (entry.channel, entry.request_id) == ("page", answer["X-Request-ID"])
    assert entry.roles == "administrator,agent,auditor,officer,operator,viewer"


def test_every_request_has_an_id_of_its_own_unless_a_trusted_proxy_gives_one(client, settings):
    given = {"X-Request-ID": "proxy-0123456789"}
    assert client.get("/healthz", headers=given)["X-Request-ID"] != given["X-Request-ID"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/healthz", headers=given)["X-Request-ID"] == given["X-Request-ID"]
    hostile = {"X-Request-ID": "a b\tc; drop"}
    assert client.get("/healthz", headers=hostile)["X-Request-ID"] != hostile["X-Request-ID"]
    first, second = (client.get("/healthz")["X-Request-ID"] for _ in range(2))
    assert first != second


def test_outside_any_request_nothing_of_the_last_one_is_left(client):
    before = current()
    client.get("/healthz")
    assert current() is before


def test_who_may_not_is_written_down(client, viewer, corner_shop):
    client.force_login(viewer)
    url = reverse("merchant-detail", args=[corner_shop.uid])
    assert client.post(url, {"contact_name": "Piet"}).status_code == 403
    (entry,) = refusals()
    assert (entry.actor, entry.action, entry.channel, entry.reason) == (
        viewer,
        "merchant.change",
        "page",
        "not_allowed",
    )


def test_who_asks_for_what_is_another_merchants_is_written_down(client, of_another_shop, thandi, corner_shop):
    customer = an_individual(corner_shop, thandi, documents=False)
    client.force_login(of_another_shop)
    assert client.get(reverse("customer-detail", args=[customer.pk])).status_code == 404
    assert client.get(reverse("customer-by-reference", args=[customer.reference])).status_code == 404
    assert client.get(reverse("merchant-detail", args=[corner_shop.uid])).status_code == 404
    first, second, third = refusals()
    for entry in (first, second):
        assert (entry.action, entry.subject_id, entry.merchant_uid, entry.reason) == (
            *("customer.view", customer.pk, corner_shop.uid, "out_of_scope"),
        )
    assert (third.action, third.subject_id) == ("merchant.view", corner_shop.pk)


def test_by_the_interface_for_programs_too(client, of_another_shop, thandi, corner_shop):
    customer = an_individual(corner_shop, thandi, documents=False)
    client.force_login(of_another_shop)
    assert client.get(f"/api/customers/{customer.reference}/").status_code == 404
    (entry,) = refusals()
    assert (entry.channel, entry.subject_id, entry.reason) == ("api", customer.pk, "out_of_scope")


def test_what_does_not_exist_is_no_refusal(client, of_another_shop, thandi):
    for user in (of_another_shop, thandi):
        client.force_login(user)
        assert client.get("/customers/C-NOBODY/").status_code == 404
        assert client.get("/nowhere/").status_code == 404
    assert refusals() == []


def test_nobody_who_is_not_signed_in_fills_the_trail(client, thandi, corner_shop):
    customer = an_individual(corner_shop, thandi, documents=False)
    client.get(reverse("customer-detail", args=[customer.pk]))
    client.get(f"/api/customers/{customer.reference}/")
    assert refusals() == []


def test_a_refusal_within_a_transaction_outlives_it(viewer):
    from django.db import transaction

    with pytest.raises(NotAllowed), at_edge(Channel.TASK), transaction.atomic():
        require(viewer, "customer.submit", "CCT1")
    (entry,) = refusals()
    assert (entry.action, entry.merchant_uid, entry.channel) == ("customer.submit", "CCT1", "task")


def test_a_loop_that_is_refused_fills_no_disk(viewer, agent, monkeypatch):
    def refused(actor, times: int) -> None:
        for _ in range(times):
            with pytest.raises(NotAllowed), at_edge(Channel.PAGE):
                require(actor, "customer.submit")

    monkeypatch.setattr("accounts.audit_refusals.TOLD_ONE_BY_ONE", 10)
    refused(viewer, 90)
    told = [entry.details.get("count") for entry in refusals()]
    assert told == [None] * 10 + [20, 40, 80]
    refused(agent, 1)
    assert len(refusals()) == len(told) + 1, "everybody's are counted on their own"
    with pytest.raises(NotAllowed), at_edge(Channel.PAGE):
        require(viewer, "customer.change")
    assert len(refusals()) == len(told) + 2, "each action's, too"


def test_one_request_that_is_refused_often_keeps_a_few():
    with at_edge(Channel.PAGE) as circumstances:
        for number in range(100):
            with pytest.raises(NotAllowed):
                require(None, f"x.{number}")
        assert len(circumstances.refusals) == 20


def test_of_a_million_refusals_each_of_a_thousand_is_written_and_few_of_the_others():
    told = [count for count in range(1, 1_000_001) if is_told(count)]
    assert told[:TOLD_ONE_BY_ONE] == list(range(1, 1_001))
    assert len(told) < 1_020


def test_a_command_that_is_refused_is_written_down(viewer):
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match="may not do this"):
        call_command("seal_audit", "--as", viewer.email)
    (entry,) = refusals()
    assert (entry.actor, entry.action, entry.channel) == (viewer, "audit.seal", "command")
