"""A start from a restored database: nothing is sent until the exchange was looked at.

`RECOVERY_EPOCH` names the time of the restore. What was open before it may have been sent after the backup
was made; while it is set, every new create is looked for before it is sent.
"""

from django.conf import settings

from exchange.outbox.database import now_sql, run, write_turn


def is_recovering() -> bool:
    """Whether a restore was announced and the exchange was not scanned whole since."""
    epoch = settings.RECOVERY_EPOCH
    if not epoch:
        return False
    rows = run("SELECT scanned_ms FROM exchange_recovery WHERE epoch = %s", (epoch[:40],))
    return not rows or rows[0][0] is None


def begin_recovery() -> tuple[int, bool]:
    """Note that it began, once for all processes: since when, and whether all open intents were marked."""
    with write_turn():
        run(
            f"INSERT INTO exchange_recovery (epoch, begun_ms) VALUES (%s, {now_sql()}) "
            "ON CONFLICT (epoch) DO NOTHING",
            (settings.RECOVERY_EPOCH[:40],),
        )
    begun, marked = run(
        "SELECT begun_ms, marked_ms FROM exchange_recovery WHERE epoch = %s", (settings.RECOVERY_EPOCH[:40],)
    )[0]
    return int(begun), marked is not None


def note_recovery(column: str) -> None:
    """Set `marked_ms` or `scanned_ms` to now."""
    if column not in ("marked_ms", "scanned_ms"):
        raise ValueError(column)
    with write_turn():
        run(
            f"UPDATE exchange_recovery SET {column} = {now_sql()} WHERE epoch = %s RETURNING epoch",
            (settings.RECOVERY_EPOCH[:40],),
        )
