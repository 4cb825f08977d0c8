"""What somebody may not see shows nowhere: in no page, search, number, choice or refusal."""

import logging
import re

import pytest
from django.test import Client

from accounts.policy import NotAllowed
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.acceptance import accept_all_warnings
from kyc.drift.choices import TakeIn
from kyc.drift.models import DriftRow
from kyc.drift.taking_in import ask_to_take_in
from kyc.models import Document
from kyc.submission import submit_many
from tests.accounts.signing_in import sign_in_at_once
from tests.authz.addresses import arguments, query
from tests.authz.asking import address
from tests.authz.keys import WORDS
from tests.authz.matrix import cells, matrix
from tests.authz.scene import COLUMNS, OTHER, OWN, SCOPED, make_scene


@pytest.fixture
def scene(db, settings, tmp_path):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.ERASURE_LEDGER = str(tmp_path / "erased.jsonl")
    logging.disable(logging.CRITICAL)
    made = make_scene()
    yield made
    logging.disable(logging.NOTSET)


def signed_in(scene, column) -> Client:
    client = Client()
    sign_in_at_once(client, scene.people[column])
    return client


def marks_of(mine) -> set[str]:
    """What would tell of this merchant's things: its name and uid, references, e-mails, ids."""
    marks = {mine.merchant.name, mine.merchant.uid, str(mine.intent.pk), str(mine.document.pk)}
    for customer in (mine.draft, mine.complete, mine.submitted, mine.business):
        marks |= {customer.reference, customer.email, str(customer.pk)}
    return marks | {mine.ubo.email, mine.drift_row.uid, str(mine.proposal.pk)}


def personal_marks_of(mine) -> set[str]:
    """Names and e-mails of customers and owners, and the ids under which their data would be asked for."""
    customers = (mine.draft, mine.complete, mine.submitted)
    marks = {customer.email for customer in customers} | {mine.business.email, mine.ubo.email}
    return marks | {"Lerato", "Mokoena", "Jane Smith", "Acme"}


def pages_of(column):
    """The GET rows of the matrix that give `column` a page, without those of another merchant."""
    place = COLUMNS.index(column)
    for route, rows in matrix()["routes"].items():
        for case, line in (rows or {}).items():
            if case.split()[-1] in WORDS:
                continue
            if case.startswith("GET") and "other" not in case and cells(line)[place] == "200":
                yield route


def text_of(client, scene, route) -> str:
    path = address(route, arguments(route, scene, scene.own, ""))
    answer = client.get(path, query(route))
    assert answer.status_code == 200, (route, answer.status_code)
    if answer.streaming or not answer.headers["Content-Type"].startswith(("text/html", "application/json")):
        return ""
    return answer.content.decode()


@pytest.mark.parametrize("column", SCOPED)
def test_no_page_tells_of_another_merchant(column, scene):
    client, marks = signed_in(scene, column), marks_of(scene.other)
    seen = 0
    for route in pages_of(column):
        text = text_of(client, scene, route)
        seen += bool(text)
        assert {mark for mark in marks if mark in text} == set(), route
    assert seen > 8


@pytest.mark.parametrize("column", ["operator", "operator+", "administrator", "no_role"])
def test_who_sees_no_customers_is_told_nobodys_name(column, scene):
    client = signed_in(scene, column)
    marks = personal_marks_of(scene.own) | personal_marks_of(scene.other)
    for route in pages_of(column):
        assert {mark for mark in marks if mark in text_of(client, scene, route)} == set(), route


def test_the_marks_are_there_for_who_may_see_them(scene):
    """Or the tests above would find nothing anywhere."""
    client = signed_in(scene, "officer+")
    text = text_of(client, scene, "customers")
    for mine in (scene.own, scene.other):
        assert {mine.draft.reference, mine.merchant.name} <= {m for m in marks_of(mine) if m in text}
    assert "Lerato" in text


def test_searching_for_anothers_finds_nothing(scene):
    client = signed_in(scene, "officer")
    theirs = scene.other.draft
    for text in (theirs.reference, theirs.email, theirs.email[:8], "9002086471086", "Other Shop"):
        rows = client.get("/customers/", {"q": text}).context["rows"]
        assert {row.customer.merchant.uid for row in rows} <= {OWN}, text
    assert client.get("/merchants/", {"q": "Other"}).context["rows"] == []


def visible(text: str, asked: str) -> str:
    """The page without what was asked for, and without what is new each time."""
    return re.sub(r'(?:nonce|value)="[^"]*"', "", text.replace(asked, ""))


@pytest.mark.parametrize(
    ("column", "path", "shown"),
    [
        ("officer", "/customers/", lambda page: page.context["rows"]),
        ("officer", "/sync/intents/", lambda page: page.context["rows"]),
        ("officer", "/drift/", lambda page: page.context["page"].rows),
        ("auditor", "/audit/", lambda page: page.context["rows"]),
    ],
)
def test_narrowing_by_anothers_merchant_shows_nothing_of_it(column, path, shown, scene):
    client = signed_in(scene, column)
    # A merchant that is not offered is as good as one that is nowhere: not valid, and nothing is listed.
    page, nowhere = (client.get(path, {"merchant": uid}) for uid in (OTHER, "CCT-NOWHERE"))
    assert len(shown(page)) == 0
    assert visible(page.text, OTHER) == visible(nowhere.text, "CCT-NOWHERE")


def test_the_api_lists_filters_and_pages_within_the_scope(scene):
    client = signed_in(scene, "officer")
    listed = client.get("/api/customers/").json()["customers"]
    assert {row["merchant_uid"] for row in listed} == {OWN}
    for name, value in (("merchant", OTHER), ("reference", scene.other.draft.reference)):
        assert client.get("/api/customers/", {name: value}).json()["customers"] == []


def test_numbers_are_of_ones_own(scene):
    client = signed_in(scene, "officer")
    overview = client.get("/").context
    assert overview["page"].standing.total == Customer.objects.filter(merchant__uid=OWN).count() == 4
    assert overview["outbox"].waiting_for_staff == 1
    assert client.get("/sync/").context["page"].total.open == (
        Intent.objects.filter(merchant_uid=OWN).exclude(state="done").count()
    )
    assert client.get("/sync/").context["page"].outcomes is None
    waiting = client.get("/waiting/").context["page"]
    assert (waiting.counts.outbox, waiting.counts.ready, waiting.proposal_count) == (1, 1, 2)
    drift = client.get("/drift/").context["page"]
    assert (drift.total, drift.sees_totals) == (1, False)


def test_of_mixed_ids_none_is_done(scene):
    officer = scene.people["officer"]
    mixed = [scene.own.complete, scene.other.complete]
    with pytest.raises(NotAllowed):
        submit_many(mixed, actor=officer)
    with pytest.raises(NotAllowed):
        accept_all_warnings(customers=[scene.own.draft, scene.other.draft], reason="Seen.", actor=officer)
    with pytest.raises(NotAllowed):
        ask_to_take_in([scene.own.drift_row, scene.other.drift_row], actor=officer)
    assert set(Customer.objects.filter(pk__in=[c.pk for c in mixed]).values_list("stage", flat=True)) == {
        "complete"
    }
    assert not DriftRow.objects.filter(take_in=TakeIn.ASKED).exists()


def test_taking_in_all_takes_ones_own(scene):
    signed_in(scene, "officer").post("/drift/take-in/")
    assert set(DriftRow.objects.filter(take_in=TakeIn.ASKED).values_list("merchant_uid", flat=True)) == {OWN}


def test_what_hangs_on_another_parent_is_not_there(scene):
    """An owner or a document under a customer that is not its own, of another merchant or of the same."""
    client = signed_in(scene, "officer+")
    mine, theirs = scene.own, scene.other
    before = Document.objects.count()
    for customer, ubo in ((mine.complete, mine.ubo), (mine.business, theirs.ubo)):
        answer = client.post(f"/customers/{customer.pk}/documents/", {"owner": str(ubo.pk)})
        assert answer.status_code == 404
    for customer, subject in (
        (mine.complete, f"document:{theirs.document.pk}"),
        (mine.draft, f"document:{mine.document.pk}"),
        (mine.business, f"ubo:{theirs.ubo.pk}"),
        (mine.draft, f"ubo:{mine.ubo.pk}"),
    ):
        masked = {"in": subject, "field": "id_number", "reason": "x"}
        assert client.post(f"/customers/{customer.pk}/reveal/", masked).status_code == 404
        assert client.get(f"/customers/{customer.pk}/mask/", masked).status_code == 404
    assert Document.objects.count() == before


def test_a_merchant_of_another_is_as_unknown_as_one_that_does_not_exist(scene):
    client = signed_in(scene, "agent")

    def answer(uid):
        return client.post("/api/customers/", {"merchant_uid": uid}, content_type="application/json")

    theirs, nobodys = answer(OTHER), answer("CCT0000009999")
    assert theirs.status_code == nobodys.status_code == 422
    assert theirs.json()["error"]["problems"][0]["code"] == nobodys.json()["error"]["problems"][0]["code"]
    assert "Other Shop" not in theirs.text
    assert client.get(f"/merchants/{OTHER}/").status_code == 404


def test_one_persons_answer_is_no_other_persons(scene):
    """Every page that one merchant's officer got, asked for with another's session: nothing of it comes."""
    for column in ("viewer", "agent", "officer", "auditor"):
        client = signed_in(scene, column)
        for route in pages_of(column):
            values = arguments(route, scene, scene.other, "")
            path = address(route, values)
            if path == address(route, arguments(route, scene, scene.own, "")):
                continue
            answer = client.get(path, query(route))
            # A person, an invitation or a proposal is nobody's merchant's.
            if route in ("person-detail",):
                continue
            assert answer.status_code == 404, (column, route, answer.status_code)
