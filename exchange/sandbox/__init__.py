"""An imitation of the exchange: a WSGI program of its own, with its own store.

It reads the exchange's documents strictly and shares no code with `exchange.client`, so that neither
can hide the other's mistake. `python -m exchange.sandbox` starts it; `/_sandbox/` is its console.
"""
