"""Finding out what the exchange did where its reply was lost: scans, adoption, and what follows.

`resolving` is what the outbox's reconciler calls (`OUTBOX_RECONCILER`). The decisions themselves are pure:
`exchange.outbox.looks`, `kyc.reconciliation.matching`.
"""
