"""Whether all that is left waits for calls that the exchange refuses to everybody: a person must look."""

from exchange.client.outcomes import REFUSED_STATUSES
from exchange.outbox.circuits import REFUSALS_THAT_OPEN
from exchange.outbox.database import now_sql, run, short_transaction

# Refused as often again as it took to open the circuit: it is no passing state.
PATIENCE = 2 * REFUSALS_THAT_OPEN
# What `postpone` notes where the circuit is open.
RESTING = "circuit_open"
_STATUSES = ", ".join(str(status) for status in sorted(REFUSED_STATUSES))


def refused_calls() -> list[str]:
    """The calls that the exchange refuses to everybody and goes on refusing. One query."""
    rows = run("SELECT endpoint FROM exchange_circuit WHERE refusals >= %s ORDER BY endpoint", (PATIENCE,))
    return [endpoint for (endpoint,) in rows]


def only_refused_is_left() -> bool:
    """Whether nothing can move but probes of calls that are refused. Two queries at the most."""
    if not refused_calls():
        return False
    return not run(
        f"""SELECT 1
            WHERE {now_sql()} <=
                  (SELECT MAX(lease_until_ms) FROM exchange_lane WHERE lease_until_ms IS NOT NULL)
            OR EXISTS (SELECT 1 FROM exchange_intent WHERE state = 'unknown' AND look_ms IS NOT NULL)
            OR EXISTS (SELECT 1 FROM exchange_intent WHERE state = 'pending' AND is_ready AND NOT is_held
                       AND error_code <> %s
                       AND (http_status IS NULL OR http_status NOT IN ({_STATUSES})))""",
        (RESTING,),
    )


def ask_again() -> None:
    """A person says that what was refused was mended: the next call of each such circuit probes at once."""
    now = now_sql()
    with short_transaction():
        resting = run(
            "UPDATE exchange_circuit SET open_until_ms = 0, probe_until_ms = 0, refusals = %s "
            "WHERE refusals >= %s RETURNING endpoint",
            (REFUSALS_THAT_OPEN, REFUSALS_THAT_OPEN),
        )
        if not resting:
            return
        waiting = (
            "state = 'pending' AND is_ready AND NOT is_held "
            f"AND (error_code = '{RESTING}' OR http_status IN ({_STATUSES}))"
        )
        # Lanes first, as whoever delivers locks them.
        run(
            f"UPDATE exchange_lane SET due_ms = {now} WHERE due_ms > {now} "
            f"AND id IN (SELECT lane_id FROM exchange_intent WHERE {waiting})"
        )
        run(f"UPDATE exchange_intent SET due_ms = {now} WHERE due_ms > {now} AND {waiting}")
