"""The product without one of its guards, in the process that asks for it: a campaign must fail then.

Nothing in the product knows of this; each function patches one thing. A guard whose removal no campaign
notices is untested.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import time


def resend_unknown() -> None:
    """What may have arrived is simply sent again."""
    from exchange.outbox import delivering

    result_of, lost_result = delivering.result_of, delivering.lost_result
    delivering.result_of = lambda error, nonce: dataclasses.replace(
        result_of(error, nonce), is_safe_to_repeat=True
    )
    delivering.lost_result = lambda topic: dataclasses.replace(lost_result(topic), is_safe_to_repeat=True)


def no_token_scan() -> None:
    """Nobody looks for the token: what is unknown counts as absent, and a taken e-mail as someone else's."""
    from exchange.outbox.looks import ForStaff, SendAgain
    from kyc.reconciliation import creates

    creates.judge = lambda case, seen, pace: ForStaff(case.taken_reason) if case.is_taken else SendAgain()


def no_webhook_match() -> None:
    """Nobody looks for a payment reference by its webhook: what is unknown counts as absent."""
    from exchange.outbox.looks import SendAgain
    from payments import reconciliation

    reconciliation.judge = lambda case, seen, pace: SendAgain()  # type: ignore[assignment]


def answers_first() -> None:
    """An event is answered, and kept a moment later."""
    import threading

    from django.db import connection

    from payments.models import WebhookEvent

    save = WebhookEvent.save

    def later(event: WebhookEvent, **options: object) -> None:
        def keep() -> None:
            try:
                save(event, **options)  # type: ignore[arg-type]
            finally:
                connection.close()

        threading.Timer(1.0, keep).start()

    WebhookEvent.save = later  # type: ignore[assignment]


def any_signature() -> None:
    """Whoever knows the address is believed."""
    from payments import receiving

    receiving.hmac.compare_digest = lambda one, other: True  # type: ignore[assignment]


def own_nonce() -> None:
    """Each process counts its nonces by itself, from its clock."""
    from exchange.outbox.key_clock import Grant, KeyClock

    last = itertools.count(time.time_ns() // 1_000_000)

    def grant(self: KeyClock) -> Grant:
        return Grant(max(time.time_ns() // 1_000_000, next(last)), 0.0)

    KeyClock.grant = grant  # type: ignore[method-assign]


def no_lease() -> None:
    """Whoever asks gets the lane, whether somebody holds it or not; whoever held it goes on."""
    from exchange.outbox import claiming

    held = re.compile(r"\((l\.)?lease_until_ms IS NULL OR \+?(l\.)?lease_until_ms < \{now\}\)")
    claiming._CLAIM, found = held.subn("(1 = 1)", claiming._CLAIM)
    assert found == 2, "the claim asks for the lease in another way by now"


def no_uniqueness() -> None:
    """References, e-mails and tokens are unique by habit only, and nobody compares again before writing."""
    from django.db import connection, models

    from customers import register
    from customers.models import Customer

    register.taken_references = lambda references: {}
    register.check_candidates = lambda candidates, seen=None: None
    import kyc.pack.comparing as comparing

    comparing.check_candidates = lambda candidates, seen=None: None
    from portal.database import ensure_ready

    ensure_ready()
    drop_uniqueness(connection, Customer, models)


def drop_uniqueness(connection, model, models) -> None:
    """Take the constraints that keep a customer single out of the database; once for all processes."""
    wanted = {"one_customer_per_email_and_merchant", "one_customer_per_token"}
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, model._meta.db_table)
    if not wanted & set(there):
        return
    reference = model._meta.get_field("reference")
    loose = models.CharField(max_length=100)
    loose.set_attributes_from_name("reference")
    loose.model = model
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys=OFF")
    gone = [constraint for constraint in model._meta.constraints if constraint.name in wanted]
    # SQLite makes the table anew, with the constraints that the model has by then.
    model._meta.constraints = [one for one in model._meta.constraints if one not in gone]
    with connection.schema_editor() as editor:
        if connection.vendor != "sqlite":
            for constraint in gone:
                editor.remove_constraint(model, constraint)
        editor.alter_field(model, reference, loose)


def no_retry_after_outage() -> None:
    """A worker that meets a database error ends, and nothing is written a second time."""
    from exchange.outbox import crew, delivering

    class Never(Exception):
        """Nothing is caught by this."""

    crew.Error = Never
    delivering.SETTLE_WAITS = ()


def deaf_to_the_clock() -> None:
    """The broker's bell is the only reason to look: beat does not ring."""
    from portal.celery import app

    def silence(sender, **_details: object) -> None:
        sender.conf.beat_schedule = {}

    app.on_after_configure.connect(silence, weak=False)


def first_come_first_served() -> None:
    """No fairness between merchants: whoever waits longest goes first."""
    from exchange.outbox import claiming

    claiming._CLAIM = """
UPDATE exchange_lane
   SET lease_until_ms = {now} + %(lease)s, fence = fence + 1, worker = %(worker)s
 WHERE id IN (SELECT l.id FROM exchange_lane l
               WHERE l.due_ms <= {now} AND (l.lease_until_ms IS NULL OR l.lease_until_ms < {now})
               ORDER BY l.due_ms, l.id LIMIT %(limit)s)
   AND due_ms <= {now} AND (lease_until_ms IS NULL OR lease_until_ms < {now})
RETURNING id, fence, merchant_uid, {now}
"""


def no_circuit() -> None:
    """Every intent knocks by itself, however long the exchange has been away."""
    from exchange.outbox.circuits import Circuits

    Circuits.wait_ms = lambda self, endpoint: 0  # type: ignore[method-assign]
    Circuits.is_open = lambda self, endpoint: False  # type: ignore[method-assign]


def never_probes() -> None:
    """A circuit that has opened stays open: nobody asks whether the exchange is back."""
    from exchange.outbox.circuits import FIRST_OPEN_MS, Circuits

    Circuits.wait_ms = (  # type: ignore[method-assign]
        lambda self, endpoint: FIRST_OPEN_MS if self._seen(endpoint)[0].is_open else 0
    )


def masks_taken_at_their_word() -> None:
    """What the exchange shows masked is compared as if it were the value."""
    from kyc.reconciliation import matching

    matching.may_stand_for = lambda ours, theirs: matching._folded(ours) == matching._folded(theirs)


def no_poll() -> None:
    """Nobody asks for verdicts by the clock."""
    from portal import schedule

    schedule._poll_verifications = lambda: None


def last_write_wins() -> None:
    """Nobody locks a row, nobody compares the version that was read, nobody gives way to a deadlock."""
    from django.db.models import QuerySet

    from customers import change

    QuerySet.select_for_update = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
    plain = change.apply_candidate

    def apply_candidate(customer, candidate, *, actor, expected_version=None):
        # Whoever read the same has read it by then, on a machine of any speed.
        time.sleep(0.05)
        return plain(customer, candidate, actor=actor)

    change.apply_candidate = apply_candidate


def writers_keep_their_version() -> None:
    """Whoever writes indexes keeps to the lowest version it was given, and no rotation waits for them."""
    import customers.change as change
    import customers.register as register
    import kyc.documents as documents
    import kyc.scanning.quarantine as quarantine
    from tests import factories
    from vault.index_versions import Writing
    from vault.keys import keyring

    for module in (change, register, documents, quarantine, factories):
        module.writing = lambda: Writing(keyring().oldest, None)  # type: ignore[attr-defined]


GUARDS = {
    guard.__name__: guard
    for guard in (
        resend_unknown,
        no_token_scan,
        no_webhook_match,
        answers_first,
        any_signature,
        own_nonce,
        no_lease,
        no_uniqueness,
        no_retry_after_outage,
        deaf_to_the_clock,
        first_come_first_served,
        no_circuit,
        never_probes,
        masks_taken_at_their_word,
        no_poll,
        last_write_wins,
        writers_keep_their_version,
    )
}
