"""Claiming a lane: one statement, the same on SQLite and PostgreSQL, by the database's clock."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from exchange.outbox.database import (
    now_sql,
    once_now_sql,
    run,
    short_transaction,
    uuid_param,
    uuid_value,
    write_turn,
)
from exchange.outbox.together import Write

# `skip_locked` is not used: on SQLite Django drops it without a word. Whoever loses the race for a row finds
# it claimed, and asks again.
# The pluses keep planners to the index of the ranks; by the times they would sort the whole backlog. The
# ranks of a backlog that is due later are not read through: whether anything is due is asked first.
_CLAIM = """
UPDATE exchange_lane
   SET lease_until_ms = {now} + %(lease)s, fence = fence + 1, worker = %(worker)s
 WHERE id IN (SELECT l.id FROM exchange_lane l
               WHERE l.due_ms IS NOT NULL AND +l.due_ms <= {now}
                 AND (l.lease_until_ms IS NULL OR +l.lease_until_ms < {now})
                 AND (SELECT MIN(d.due_ms) FROM exchange_lane d WHERE d.due_ms IS NOT NULL
                       AND (d.lease_until_ms IS NULL OR d.lease_until_ms < {once})) <= {once}
               ORDER BY l.rank, l.id LIMIT %(limit)s)
   AND due_ms <= {now} AND (lease_until_ms IS NULL OR lease_until_ms < {now})
RETURNING id, fence, merchant_uid, {now}
"""


@dataclass(slots=True)
class Claim:
    """A lane that this worker holds. `memory`: what handlers read once and need again while it is held."""

    lane: UUID
    fence: int
    merchant_uid: str
    worker: str
    claimed_ms: int = 0
    # By this process's own clock.
    claimed_at: float = field(default_factory=time.monotonic)
    memory: dict[str, Any] = field(default_factory=dict)
    # The same for all lanes of a crew, for as long as it lives.
    shared: dict[str, Any] = field(default_factory=dict)
    # The lane was given back with the last commit.
    is_over: bool = False


def claim_lanes(worker: str, limit: int) -> list[Claim]:
    """Claim up to `limit` due lanes for `worker`, merchants taking turns. One commit.

    [] also where another worker was faster: `next_due_ms` says whether anything is left.
    """
    with write_turn():
        rows = run(
            _CLAIM.format(now=now_sql(), once=once_now_sql()),
            {"lease": lease_ms(False), "worker": worker, "limit": limit},
        )
    return [Claim(uuid_value(lane), fence, merchant, worker, now) for lane, fence, merchant, now in rows]


def still_holds(claim: Claim) -> bool:
    """Whether the lane is still ours; where the claim lay about for long the database is asked."""
    a_third_of_the_lease = lease_ms(False) / 1000 / 3
    if time.monotonic() - claim.claimed_at < a_third_of_the_lease:
        return True
    with write_turn():
        return renew_claim(claim, False)


def lease_ms(is_upload: bool) -> int:
    """How long a claim holds without news: longer than the longest call can take."""
    seconds = settings.OUTBOX_UPLOAD_LEASE_SECONDS if is_upload else settings.OUTBOX_LEASE_SECONDS
    return int(seconds * 1000)


def renew_claim(claim: Claim, is_upload: bool) -> bool:
    """Lock the lane within the caller's transaction and prolong the lease; False if the claim was lost."""
    renewal = renewal_of(claim, is_upload)
    return bool(run(renewal.sql, renewal.params))


def renewal_of(claim: Claim, is_upload: bool) -> Write:
    """What `renew_claim` writes."""
    return Write(
        f"UPDATE exchange_lane SET lease_until_ms = {now_sql()} + %s "
        "WHERE id = %s AND fence = %s RETURNING id",
        (lease_ms(is_upload), uuid_param(claim.lane), claim.fence),
        must=True,
    )


def release_claim(claim: Claim) -> None:
    """Give the lane back and note when it is due again; nothing happens if the claim was lost."""
    with short_transaction():
        end_claim(claim)


def end_claim(claim: Claim) -> None:
    """As `release_claim`, within a transaction.

    The row is locked before the intents are read, so an intent that is enqueued meanwhile is either read
    here or sets the lane's due time after us.
    """
    if run(
        "UPDATE exchange_lane SET worker = '' WHERE id = %s AND fence = %s RETURNING id",
        (uuid_param(claim.lane), claim.fence),
    ):
        set_free(claim)


def set_free(claim: Claim) -> None:
    """As `end_claim`, within a transaction that has locked the lane already."""
    run(
        "UPDATE exchange_lane SET lease_until_ms = NULL, worker = '', "
        "due_ms = (SELECT MIN(i.due_ms) FROM exchange_intent i WHERE "
        "i.lane_id = exchange_lane.id AND i.is_ready AND NOT i.is_held "
        "AND i.state IN ('pending', 'sending')) "
        "WHERE id = %s AND fence = %s",
        (uuid_param(claim.lane), claim.fence),
    )


def abandon_claim(claim: Claim) -> None:
    """End the lease at once: whoever claims the lane next finds what was being sent, and it is unknown."""
    with write_turn():
        run(
            f"UPDATE exchange_lane SET lease_until_ms = 0, fence = fence + 1, "
            f"due_ms = COALESCE(due_ms, {now_sql()}) WHERE id = %s AND fence = %s RETURNING id",
            (uuid_param(claim.lane), claim.fence),
        )


def next_due_ms() -> int | None:
    """Milliseconds until some lane that nobody holds is due (0: now); None when there is none."""
    rows = run(
        f"SELECT due_ms - {now_sql()} FROM exchange_lane "
        f"WHERE due_ms IS NOT NULL AND (lease_until_ms IS NULL OR lease_until_ms < {once_now_sql()}) "
        "ORDER BY due_ms LIMIT 1"
    )
    return max(0, int(rows[0][0])) if rows else None


def is_idle() -> bool:
    """Whether nothing will move without a person: no lane due or held, no outcome being looked for.

    One statement, one moment: between two of them an outcome could pass from the one to the other.
    """
    # Each by the end of an index: a planner that expects many rows would walk the table for "any".
    return not run(
        "SELECT 1 WHERE (SELECT MIN(due_ms) FROM exchange_lane WHERE due_ms IS NOT NULL) IS NOT NULL "
        "OR (SELECT MAX(lease_until_ms) FROM exchange_lane WHERE lease_until_ms IS NOT NULL) "
        f">= {now_sql()} "
        "OR (SELECT MIN(merchant_uid) FROM exchange_intent WHERE state = 'unknown' AND look_ms IS NOT NULL) "
        "IS NOT NULL"
    )
