"""Fairness between merchants by virtual time: whose lane is next, whatever the size of the backlogs.

Every lane that becomes due takes the next number of its merchant's own count, and the smallest number goes
first. A merchant with 5,000 lanes holds the numbers 1 to 5,000, one that comes later with 50 begins where the
others are by then: they take turns, one lane each. Nothing is counted when lanes are claimed.
"""

from collections.abc import Sequence
from uuid import UUID

from exchange.outbox.database import least_greatest, run


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


def _virtual_now() -> int:
    """Where the numbers stand: at what is being worked on, or before what is next; past all when all is done.

    Who was idle joins here: it neither makes up for what it did not use nor waits behind others' backlogs.
    """
    _, greatest = least_greatest()
    # Lanes in hand, by their small index: a lease that ran out does not matter, nobody has it for long.
    held = "SELECT MAX(rank) FROM exchange_lane WHERE lease_until_ms IS NOT NULL"
    first = "SELECT MIN(rank) - 1 FROM exchange_lane WHERE due_ms IS NOT NULL"
    rows = run(
        f"""SELECT COALESCE({greatest}(COALESCE(({held}), ({first})), ({first})), ({held}),
                            (SELECT MAX(taken) FROM exchange_turn), 0)"""
    )
    return int(rows[0][0])
