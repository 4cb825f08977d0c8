"""Evidence first, then the call, then what became of it: the transactions round one attempt.

The attempt's row is committed before the connection opens. Settling writes the attempt's end, the intent's
next state, what follows from it in the business's records, and the next attempt's row in one transaction: a
customer with four documents costs one commit to claim, one to begin and one per call. Where nothing has to be
asked in between, all of it is written together.
"""

import logging
import uuid
from typing import Any

from exchange.client import Outcome
from exchange.outbox.choices import CLOSED_STATES, IntentState, Reason
from exchange.outbox.claiming import Claim, renew_claim, renewal_of, set_free
from exchange.outbox.database import now_sql, run, short_transaction, uuid_param
from exchange.outbox.handlers import Handler, Prepared
from exchange.outbox.models import Intent
from exchange.outbox.next_step import Result, Step
from exchange.outbox.together import Unmet, Write, found_by, write_together

log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """Another worker holds the lane by now; nothing was written."""


def start_attempt(claim: Claim, intent: Intent, prepared: Prepared) -> bool:
    """Commit the row of an attempt that is about to be made; False if the intent is not to be sent now.

    Raises ClaimLost.
    """
    try:
        write_together([renewal_of(claim, prepared.is_upload), *_beginning(claim, intent, prepared)])
    except Unmet:
        # Which of them was not as expected: asked in turn.
        with short_transaction():
            if not renew_claim(claim, prepared.is_upload):
                raise ClaimLost from None
            return _begin(claim, intent, prepared)
    intent.attempts_made += 1
    return True


def settle(
    claim: Claim,
    intent: Intent,
    handler: Handler,
    result: Result,
    step: Step,
    following: tuple[Intent, Prepared] | None = None,
    *,
    is_last: bool = False,
) -> bool:
    """Commit what one attempt came to; whether the following attempt has begun with it.

    The attempt's row keeps the outcome even where the claim was lost meanwhile. The intent takes it too as
    long as this is its last attempt: nothing was sent after it, so the late answer is the truth. `is_last`:
    the lane is given back in the same commit.
    """
    if following is not None and _settle_at_once(claim, intent, handler, result, step, following):
        return True
    with short_transaction():
        renewal = renewal_of(claim, bool(following and following[1].is_upload))
        holds, moved = found_by([renewal, _end(intent, result), _moving(intent, step, result)])
        if not holds and result.phase == "lost":
            # Whoever holds the lane now may be sending this very attempt: it is theirs to judge.
            raise ClaimLost
        if not holds:
            # Locks the lane against whoever holds it now, and has it looked at again.
            run(
                f"UPDATE exchange_lane SET due_ms = COALESCE(due_ms, {now_sql()}) WHERE id = %s",
                (uuid_param(claim.lane),),
            )
            log.warning("claim_lost lane=%s intent=%s outcome=%s", claim.lane, intent.pk, result.outcome)
        if not moved:
            # Perhaps it was written before and only the word of it was lost: what was read is out of date.
            claim.memory.clear()
        else:
            step = _follow_up(claim, intent, handler, result, step)
        if not holds:
            return False
        if following is not None and _begin(claim, *following):
            return True
        if is_last:
            set_free(claim)
        return False


def park(claim: Claim, intent: Intent, handler: Handler, reason: Reason, code: str) -> None:
    """The intent waits for staff without having been sent."""
    with short_transaction():
        if not renew_claim(claim, False):
            raise ClaimLost
        if _change(intent, IntentState.WAITING_FOR_STAFF, reason=reason, code=code):
            handler.stopped(intent, claim, reason)
    log.info("intent_parked intent=%s reason=%s code=%s", intent.pk, reason, code)


def drop(claim: Claim, intent: Intent, code: str) -> None:
    """The intent is given up: something newer takes its place."""
    with short_transaction():
        if not renew_claim(claim, False):
            raise ClaimLost
        _change(intent, IntentState.GIVEN_UP, code=code)


def postpone(claim: Claim, intent: Intent, step: Step, code: str = "") -> None:
    """The intent is due later, without having been sent; or waits for staff after too many failures."""
    with short_transaction():
        if not renew_claim(claim, False):
            raise ClaimLost
        _change(intent, step.state, reason=step.reason, code=code, wait_ms=step.wait_ms, tries=step.tries)


def _settle_at_once(
    claim: Claim,
    intent: Intent,
    handler: Handler,
    result: Result,
    step: Step,
    following: tuple[Intent, Prepared],
) -> bool:
    """Settle what went as it should and begin what follows, without a question in between.

    False where the handler must ask, or where something is not as expected: then nothing was written.
    """
    if result.outcome is not Outcome.APPLIED or step.state != IntentState.DONE:
        return False
    more = handler.at_once(intent, claim, result.reply, following[0])
    if more is None:
        return False
    renewal = renewal_of(claim, following[1].is_upload)
    beginning = _beginning(claim, *following, opening=more.opens)
    try:
        write_together(
            [renewal, _end(intent, result), _moving(intent, step, result), *more.writes, *beginning]
        )
    except Unmet:
        return False
    following[0].attempts_made += 1
    more.then()
    return True


def _begin(claim: Claim, intent: Intent, prepared: Prepared) -> bool:
    sending, attempt = _beginning(claim, intent, prepared)
    if not run(sending.sql, sending.params):
        return False
    run(attempt.sql, attempt.params)
    intent.attempts_made += 1
    return True


def _beginning(
    claim: Claim, intent: Intent, prepared: Prepared, *, opening: bool = False
) -> tuple[Write, Write]:
    """The intent is being sent, and the row of its next attempt. `opening`: it becomes ready with it."""
    number = intent.attempts_made + 1
    sets, ready = ("is_ready = TRUE, ", "NOT is_ready") if opening else ("", "is_ready")
    sending = Write(
        f"""UPDATE exchange_intent SET {sets}state = 'sending', attempts_made = %s, updated_ms = {now_sql()}
            WHERE id = %s AND attempts_made = %s AND state = 'pending' AND {ready} AND NOT is_held
            AND due_ms <= {now_sql()} RETURNING id""",
        (number, uuid_param(intent.pk), number - 1),
        must=True,
    )
    attempt = Write(
        f"""INSERT INTO exchange_attempt (id, intent_id, number, fence, worker, request_digest,
            phase, outcome, reason, error_codes, started_ms)
            VALUES (%s, %s, %s, %s, %s, %s, 'open', '', '', '', {now_sql()})""",
        (
            uuid_param(uuid.uuid4()),
            uuid_param(intent.pk),
            number,
            claim.fence,
            claim.worker,
            prepared.digest,
        ),
    )
    return sending, attempt


def _end(intent: Intent, result: Result) -> Write:
    """The attempt's end. One that was closed as lost stays unknown, since that was acted upon: the late
    answer is noted beside it (`late_<cause>`)."""
    return Write(
        f"""UPDATE exchange_attempt SET
            outcome = CASE WHEN phase = 'lost' THEN outcome ELSE %s END,
            reason = CASE WHEN phase = 'lost' THEN %s ELSE %s END,
            phase = CASE WHEN phase = 'lost' THEN phase ELSE %s END,
            http_status = %s, error_codes = %s, nonce = %s, finished_ms = {now_sql()}
            WHERE intent_id = %s AND number = %s""",
        (
            result.outcome.value,
            f"late_{result.cause}"[:40],
            result.cause,
            result.phase,
            result.status,
            ",".join(result.codes)[:400],
            result.nonce,
            uuid_param(intent.pk),
            intent.attempts_made,
        ),
    )


def _moving(intent: Intent, step: Step, result: Result) -> Write:
    """The intent's next state, as long as the attempt is still its last one."""
    code = "" if result.outcome is Outcome.APPLIED else (result.codes[0] if result.codes else result.cause)
    return Write(
        f"""UPDATE exchange_intent SET state = %s, reason = %s, error_code = %s, http_status = %s, tries = %s,
            unknown_tries = %s, due_ms = {now_sql()} + %s, updated_ms = {now_sql()},
            done_ms = {_done_sql(step.state)}, {_look_sql(step)}
            WHERE id = %s AND attempts_made = %s AND state IN ('sending', 'unknown') RETURNING id""",
        (
            step.state.value,
            str(step.reason),
            code[:200],
            result.status,
            step.tries,
            step.unknown_tries,
            step.wait_ms,
            uuid_param(intent.pk),
            intent.attempts_made,
        ),
        must=True,
    )


def _follow_up(claim: Claim, intent: Intent, handler: Handler, result: Result, step: Step) -> Step:
    if result.outcome is Outcome.UNKNOWN and step.state in (IntentState.UNKNOWN, IntentState.DONE):
        handler.unknown(intent, claim)
    elif step.state == IntentState.DONE:
        reason = handler.applied(intent, claim, result.reply)
        if reason is not None:
            _change(intent, IntentState.WAITING_FOR_STAFF, reason=reason)
            handler.stopped(intent, claim, reason)
    elif step.state == IntentState.WAITING_FOR_STAFF:
        handler.stopped(intent, claim, Reason(step.reason))
    return step


def _change(
    intent: Intent,
    state: IntentState,
    *,
    reason: str = "",
    code: str = "",
    wait_ms: int = 0,
    tries: int | None = None,
) -> bool:
    rows = run(
        f"""UPDATE exchange_intent SET state = %s, reason = %s, error_code = %s, tries = %s,
            due_ms = {now_sql()} + %s, updated_ms = {now_sql()}, done_ms = {_done_sql(state)}
            WHERE id = %s AND state <> 'sending' RETURNING id""",
        (
            state.value,
            str(reason),
            code[:200],
            intent.tries if tries is None else tries,
            wait_ms,
            uuid_param(intent.pk),
        ),
    )
    return bool(rows)


def _look_sql(step: Step) -> str:
    if step.look_ms is None:
        return "look_ms = NULL, clean_ms = NULL"
    now = now_sql()
    return f"unknown_ms = {now}, look_ms = {now} + {int(step.look_ms)}, clean_ms = NULL"


def _done_sql(state: Any) -> str:
    return now_sql() if state in CLOSED_STATES else "NULL"
