"""What the exchange is to be told, and whether it has been.

The database is the truth, a broker only a doorbell.

A service that changes what the exchange must know calls `enqueue` in its own transaction. Workers claim a
customer's lane, send its intents in order, and settle each by the class of its outcome.
"""

from exchange.outbox.enqueueing import NewIntent, enqueue, open_intents, withdraw_intents

__all__ = ["NewIntent", "enqueue", "open_intents", "withdraw_intents"]
