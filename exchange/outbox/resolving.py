"""What a look at the exchange found out, written down: evidence and the intent's next state.

In the caller's short transaction. Nobody sends meanwhile: the lane is taken for the length of it, and every
change asks for the attempt it was judged by.
"""

import uuid

from exchange.outbox.choices import IntentState, Reason
from exchange.outbox.claiming import Claim
from exchange.outbox.database import now_sql, run, true_sql, uuid_param
from exchange.outbox.models import Intent


def take_lane(intent: Intent, worker: str) -> Claim | None:
    """The lane of an intent, for as long as the caller's transaction lasts; None where a worker holds it."""
    rows = run(
        f"UPDATE exchange_lane SET fence = fence + 1 WHERE id = %s "
        f"AND (lease_until_ms IS NULL OR lease_until_ms < {now_sql()}) RETURNING fence, merchant_uid",
        (uuid_param(intent.lane_id),),
    )
    return Claim(intent.lane_id, rows[0][0], rows[0][1], worker) if rows else None


def resolve(
    intent: Intent,
    claim: Claim,
    state: IntentState,
    *,
    outcome: str,
    evidence: str,
    reason: str = "",
    code: str = "",
    was: IntentState = IntentState.UNKNOWN,
) -> bool:
    """Move an unknown intent on and keep the evidence as an attempt that sent nothing.

    `outcome`: what the look proved of the attempts before (applied, not_applied; "" for nothing); `evidence`:
    by what. `was`: where it stands until now, if a person's word moves it instead of a look.
    False where the intent has moved since it was read, or an answer came after all: nothing was written.
    """
    closed = state == IntentState.DONE
    rows = run(
        f"""UPDATE exchange_intent SET state = %s, reason = %s, error_code = %s, is_ready = {true_sql()},
            attempts_made = attempts_made + 1, look_ms = NULL, clean_ms = NULL,
            due_ms = {now_sql()}, updated_ms = {now_sql()}, done_ms = {now_sql() if closed else "NULL"}
            WHERE id = %s AND state = %s AND attempts_made = %s RETURNING attempts_made""",
        (state.value, str(reason), code[:200], uuid_param(intent.pk), was.value, intent.attempts_made),
    )
    if not rows:
        return False
    intent.attempts_made, intent.state, intent.reason = rows[0][0], state, str(reason)
    note_look(intent, claim, outcome, evidence)
    if state == IntentState.PENDING:
        run(
            f"UPDATE exchange_lane SET due_ms = {now_sql()} WHERE id = %s RETURNING id",
            (uuid_param(intent.lane_id),),
        )
    return True


def note_look(intent: Intent, claim: Claim, outcome: str, evidence: str, phase: str = "looked") -> None:
    """The attempt's row that holds the evidence, under the number that the intent has now."""
    now = now_sql()
    run(
        f"""INSERT INTO exchange_attempt (id, intent_id, number, fence, worker, request_digest, phase,
            outcome, reason, error_codes, started_ms, finished_ms)
            VALUES (%s, %s, %s, %s, %s, '', %s, %s, %s, '', {now}, {now})""",
        (
            uuid_param(uuid.uuid4()),
            uuid_param(intent.pk),
            intent.attempts_made,
            claim.fence,
            claim.worker,
            phase,
            outcome,
            evidence[:40],
        ),
    )


def wait_for_staff(intent: Intent, reason: Reason, code: str = "") -> None:
    """A resolved intent still needs a person, although what it was about is done."""
    run(
        f"""UPDATE exchange_intent SET state = 'waiting_for_staff', reason = %s, error_code = %s,
            done_ms = NULL, updated_ms = {now_sql()} WHERE id = %s AND state <> 'sending' RETURNING id""",
        (reason.value, code[:200], uuid_param(intent.pk)),
    )


def look_later(intent: Intent, at_ms: int, clean_ms: int | None) -> None:
    """When to look next. One statement; nothing happens where the intent has moved since it was read."""
    run(
        "UPDATE exchange_intent SET look_ms = %s, clean_ms = %s "
        "WHERE id = %s AND state = 'unknown' AND attempts_made = %s RETURNING id",
        (at_ms, clean_ms, uuid_param(intent.pk), intent.attempts_made),
    )


def doubt(intent: Intent, claim: Claim, cause: str) -> bool:
    """It may have been sent before, by whom we know nothing of: written down as an attempt that was lost.

    Of an intent that is to be sent, or waits for staff who may have it sent. False where it stands elsewhere.
    """
    rows = run(
        f"""UPDATE exchange_intent SET attempts_made = attempts_made + 1, unknown_tries = unknown_tries + 1,
            updated_ms = {now_sql()} WHERE id = %s AND state IN ('pending', 'waiting_for_staff')
            RETURNING attempts_made""",
        (uuid_param(intent.pk),),
    )
    if rows:
        intent.attempts_made = rows[0][0]
        note_look(intent, claim, "unknown", cause, phase="lost")
    return bool(rows)
