"""Through the product as an officer goes, wide and narrow, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from customers.choices import Stage
from customers.models import Merchant
from exchange.outbox.database import now_ms
from exchange.outbox.models import Circuit, Intent, Worker
from kyc.drift.choices import Obstacle
from kyc.drift.models import DriftRow, DriftRun
from tests.portal.pages import people

pytestmark = pytest.mark.browser

LOOKS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def assert_sound(page, name):
    """Nothing for axe to find, and nothing to scroll sideways."""
    page.wait_for_load_state("networkidle")
    # preload would have axe fetch and inline style sheets, which the pages' policy rightly forbids.
    report = Axe().run(page, options={"preload": False, "runOnly": RULES}).response
    found = [(row["id"], [node["html"] for node in row["nodes"]][:3]) for row in report["violations"]]
    assert found == [], name
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1], f"{name} scrolls sideways: {widths}"
    spilling = page.eval_on_selector_all(
        ".card",
        "cards => cards.filter(card => card.scrollWidth > card.clientWidth + 1).map(card => card.innerText)",
    )
    assert [text[:80] for text in spilling] == [], f"{name}: what spills over its card"


@pytest.fixture
def world(transactional_db, thandi):
    """Somebody on every leg of the way, and something of everything that can go wrong."""
    shop = Merchant.objects.create(uid="CCT0000000001", name="Corner Shop")
    verified = people.submitted(people.an_individual(shop, thandi), thandi)
    in_review = people.submitted(people.a_business(shop, thandi), thandi)
    stuck = people.submitted(people.an_individual(shop, thandi), thandi)
    lost = people.submitted(people.an_individual(shop, thandi), thandi)
    people.stuck(stuck, reason="refused_by_exchange", codes="customer.profile.invalid")
    people.stuck(lost, reason="create_outcome_unknown", state="unknown", status=None)
    in_review = people.moved_to(in_review, Stage.DOCUMENTS_SENT)
    in_review.documents.filter(doc_type="Bank Statement").update(is_flagged=True)
    now = now_ms()
    Circuit.objects.create(endpoint="create_customer", failures=7, opened_ms=now, open_until_ms=now + 8000)
    Worker.objects.create(id="portal-1-7b22", host="portal-1", pid=7, started_ms=now, beat_ms=now)
    Worker.objects.create(id="portal-2-91ac", host="portal-2", pid=9, started_ms=now, beat_ms=now - 60_000)
    run = DriftRun.objects.create(
        requested_by=thandi, state="done", finished_at=timezone.now(), here=7, there=8, unread=1
    )
    DriftRun.objects.create(requested_by=thandi, state="failed", error_code="no_answer")
    DriftRun.objects.create(requested_by=thandi)
    of_verified = {"reference": verified.reference, "customer_id": verified.pk}
    rows = {
        "stranger": {"kind": "only_there"},
        "unknown_token": {"kind": "only_there", "take_in": "not_possible", "obstacle": "email_held_here"},
        "not_listed": {"kind": "only_here", **of_verified},
        "fields": {"kind": "differs", "fields": ["custom_id", "registration_number"], **of_verified},
    }
    DriftRow.objects.bulk_create(
        DriftRow(run=run, merchant_uid=shop.uid, code=code, uid=f"CCT{code}", **row)
        for code, row in rows.items()
    )
    DriftRow.objects.bulk_create(
        DriftRow(
            run=run,
            merchant_uid=shop.uid,
            kind="only_there",
            code="stranger",
            uid=f"CCT8{number}",
            take_in="not_possible",
            obstacle=obstacle,
        )
        for number, obstacle in enumerate(Obstacle.values)
    )
    draft = people.a_business(shop, thandi, documents=False)
    people.hand_in(draft, thandi, "AML Policy")
    people.hand_in(draft, thandi, "AML Policy")
    return {
        "verified": people.moved_to(verified, Stage.VERIFIED),
        "in review": in_review,
        "rejected": people.moved_to(
            people.submitted(people.an_individual(shop, thandi), thandi), Stage.REJECTED
        ),
        "rejected business": people.moved_to(
            people.submitted(people.a_business(shop, thandi), thandi), Stage.REJECTED
        ),
        "stuck": stuck,
        "lost": lost,
        "draft": draft,
        "ready": people.an_individual(shop, thandi),
        "doubtful": people.an_individual(
            shop, thandi, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
        ),
    }


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_sound(width, scheme, world, open_browser, sign_in):
    outside = open_browser(width=width, scheme=scheme)
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        outside.goto(path)
        assert_sound(outside, path)

    page = sign_in(width=width, scheme=scheme)
    assert_sound(page, "overview")
    for path in (
        "/customers/",
        "/customers/?q=nobody",
        "/waiting/",
        "/sync/",
        "/sync/intents/",
        "/sync/intents/?state=held",
        "/drift/",
        "/drift/?kind=only_there",
        "/merchants/",
        "/merchants/CCT0000000001/",
    ):
        page.goto(path)
        assert_sound(page, path)
    for intent in Intent.objects.filter(state__in=("waiting_for_staff", "done")).order_by("state")[::9]:
        page.goto(f"/intents/{intent.pk}/")
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
        assert_sound(page, f"intent {intent.state}")
    for name, customer in world.items():
        page.goto(f"/customers/{customer.pk}/")
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
        assert_sound(page, f"customer {name}")
    for path in (
        "/accounts/security/",
        "/accounts/sessions/",
        "/accounts/step-up/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/invitations/",
        "/nothing/",
    ):
        page.goto(path)
        assert_sound(page, path)


@pytest.mark.parametrize(("width", "scheme"), LOOKS[::3])
def test_an_empty_product_is_sound(width, scheme, sign_in):
    page = sign_in(width=width, scheme=scheme)
    for path in ("/", "/customers/", "/waiting/", "/sync/", "/sync/intents/", "/drift/", "/merchants/"):
        page.goto(path)
        assert_sound(page, path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_configuration_breaks_no_policy(scheme, world, sign_in):
    page = sign_in(scheme=scheme)
    for path in ("", "customers/merchant/"):
        page.goto(f"/admin/{path}")
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("link", name="Onboarding portal: configuration").is_visible()
