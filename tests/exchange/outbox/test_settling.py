"""Evidence: an attempt that was closed as lost keeps saying so, whatever comes late."""

import pytest

from exchange.client import Outcome
from exchange.outbox.choices import Topic
from exchange.outbox.claiming import Claim, abandon_claim, claim_lanes, still_holds
from exchange.outbox.handlers import handler_for
from exchange.outbox.models import Attempt, Intent
from exchange.outbox.next_step import Result, lost_result, next_step
from exchange.outbox.settling import ClaimLost, settle, start_attempt
from kyc.models import Document
from tests.factories import make_submitted_individual

pytestmark = pytest.mark.django_db(transaction=True)


def begun_upload() -> tuple[Claim, Intent]:
    customer = make_submitted_individual()
    customer.uid, customer.stage = "ID1", "at_exchange"
    customer.save()
    Intent.objects.exclude(topic=Topic.UPLOAD).update(state="done")
    Intent.objects.filter(topic=Topic.UPLOAD).update(is_ready=True)
    (claim,) = claim_lanes("first", 1)
    intent = Intent.objects.filter(topic=Topic.UPLOAD).order_by("position").first()
    assert start_attempt(claim, intent, handler_for(intent.topic).prepare(intent, claim))
    return claim, intent


def test_a_late_answer_is_noted_beside_the_attempt_that_was_given_up_for_lost():
    frozen, intent = begun_upload()
    abandon_claim(frozen)
    (other,) = claim_lanes("second", 1)
    result = lost_result(intent.topic)
    handler = handler_for(intent.topic)
    settle(other, intent, handler, result, next_step(intent.topic, result, tries=0, unknown_tries=0))
    attempt = Attempt.objects.get(intent=intent)
    assert (attempt.outcome, attempt.phase) == ("unknown", "lost")

    late = Result(Outcome.APPLIED, "applied", status=200, nonce=7)
    settle(frozen, intent, handler, late, next_step(intent.topic, late, tries=0, unknown_tries=0))

    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.phase, attempt.reason) == ("unknown", "lost", "late_applied")
    assert attempt.http_status == 200
    intent.refresh_from_db()
    assert intent.state == "done"


def test_who_has_lost_the_lane_does_not_give_up_anothers_attempt_for_lost():
    claim, intent = begun_upload()
    former = Claim(claim.lane, claim.fence - 1, claim.merchant_uid, "former")
    result = lost_result(intent.topic)
    step = next_step(intent.topic, result, tries=0, unknown_tries=0)
    with pytest.raises(ClaimLost):
        settle(former, intent, handler_for(intent.topic), result, step)
    assert Attempt.objects.get(intent=intent).phase == "open"
    intent.refresh_from_db()
    assert intent.state == "sending"
    assert not Document.objects.filter(is_flagged=True).exists()


def test_a_claim_that_lay_about_is_asked_for_again(settings):
    settings.OUTBOX_LEASE_SECONDS = 0.0
    claim, _intent = begun_upload()
    assert still_holds(claim)
    abandon_claim(claim)
    assert not still_holds(claim)


@pytest.mark.parametrize("is_at_once", [True, False], ids=["with what follows", "by itself"])
def test_a_document_handed_in_while_the_create_was_answered_is_opened_by_what_follows(is_at_once):
    customer = make_submitted_individual()
    Intent.objects.filter(topic=Topic.CREATE).update(state="done")
    Intent.objects.filter(topic=Topic.SET_CUSTOM_ID).update(is_ready=True)
    customer.uid, customer.stage = "ID1", "at_exchange"
    customer.save()
    next_one, late = Intent.objects.filter(topic=Topic.UPLOAD).order_by("position", "id")[:2]
    Intent.objects.exclude(pk=late.pk).update(is_ready=True)
    (claim,) = claim_lanes("first", 1)
    intent = Intent.objects.get(topic=Topic.SET_CUSTOM_ID)
    handler = handler_for(intent.topic)
    assert start_attempt(claim, intent, handler.prepare(intent, claim))
    upload = handler_for(next_one.topic).prepare(next_one, claim)
    done = Result(Outcome.APPLIED, "applied", status=200, nonce=7)
    step = next_step(intent.topic, done, tries=0, unknown_tries=0)
    following = (next_one, upload) if is_at_once else None
    assert settle(claim, intent, handler, done, step, following) is is_at_once
    late.refresh_from_db()
    assert late.is_ready
