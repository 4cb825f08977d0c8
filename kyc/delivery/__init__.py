"""What is sent to the exchange about a customer, and what follows from its answers.

One module per topic, named in settings (`OUTBOX_HANDLERS`); `exchange.outbox.handlers` says what each has.
"""
