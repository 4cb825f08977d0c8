"""Fairness between merchants by virtual time: whose lane is next, whatever the size of the backlogs.

Every lane that becomes due takes the next number of its merchant's own count, and the smallest number goes
first. A merchant with 5,000 lanes holds the numbers 1 to 5,000, one that comes later with 50 begins where the
others are by then: they take turns, one lane each. Nothing is counted when lanes are claimed.

Somebody waits at a till for a payment reference, and for a customer's documents nobody does: such lanes go
before all others, by numbers below zero, and take turns among themselves.
"""

from collections.abc import Sequence
from uuid import UUID

from exchange.outbox.database import least_greatest, run

# Where those that go first begin to count.
FIRST_RANK = -(10**15)


def take_turns(lanes: Sequence[tuple[UUID, str]]) -> dict[UUID, int]:
    """The rank of each of these (lane, merchant uid), in the order in which they were handed in.

    Within the caller's transaction: one statement, and one for each merchant, whose count stays locked until
    the commit; in one order, so that two submissions can't lock each other out.
    """
    by_merchant: dict[str, list[UUID]] = {}
    for lane, merchant_uid in lanes:
        by_merchant.setdefault(merchant_uid, []).append(lane)
    ranks: dict[UUID, int] = {}
    now = _virtual_now() if by_merchant else 0
    _, greatest = least_greatest()
    for merchant_uid in sorted(by_merchant):
        mine = by_merchant[merchant_uid]
        last = run(
            f"""INSERT INTO exchange_turn (merchant_uid, taken) VALUES (%(merchant)s, %(now)s + %(count)s)
                ON CONFLICT (merchant_uid) DO UPDATE
                SET taken = {greatest}(exchange_turn.taken, %(now)s) + %(count)s RETURNING taken""",
            {"merchant": merchant_uid, "now": now, "count": len(mine)},
        )[0][0]
        ranks.update(zip(mine, range(last - len(mine) + 1, last + 1), strict=True))
    return ranks


def go_first(lanes: Sequence[tuple[UUID, str]]) -> dict[UUID, int]:
    """The rank of each of these (lane, merchant uid) before all that is not urgent; one statement.

    Each merchant's stand behind those that it has waiting, where the others' first one is by now. Two that
    are handed in at once may get the same ranks, which costs nobody more than a turn.
    """
    rows = run(
        "SELECT merchant_uid, COUNT(*), MIN(rank) FROM exchange_lane "
        "WHERE due_ms IS NOT NULL AND rank < 0 GROUP BY merchant_uid"
    )
    waiting = {merchant: count for merchant, count, _ in rows}
    now = min((first for _, _, first in rows), default=FIRST_RANK)
    ranks: dict[UUID, int] = {}
    for lane, merchant_uid in lanes:
        taken = waiting[merchant_uid] = waiting.get(merchant_uid, 0) + 1
        ranks[lane] = min(now + taken, -1)
    return ranks


def _virtual_now() -> int:
    """Where the numbers stand: at what is being worked on, or before what is next; past all when all is done.

    Who was idle joins here: it neither makes up for what it did not use nor waits behind others' backlogs.
    """
    _, greatest = least_greatest()
    # Lanes in hand, by their small index: a lease that ran out does not matter, nobody has it for long.
    held = "SELECT MAX(rank) FROM exchange_lane WHERE lease_until_ms IS NOT NULL AND rank >= 0"
    first = "SELECT MIN(rank) - 1 FROM exchange_lane WHERE due_ms IS NOT NULL AND rank >= 0"
    rows = run(
        f"""SELECT COALESCE({greatest}(COALESCE(({held}), ({first})), ({first})), ({held}),
                            (SELECT MAX(taken) FROM exchange_turn), 0)"""
    )
    return int(rows[0][0])
