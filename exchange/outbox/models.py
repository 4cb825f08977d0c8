"""The outbox's tables: what the exchange is to be told, what was tried, and the clock of the API key.

Times are epoch milliseconds by the database's clock, never a worker's: workers' clocks differ.
"""

import datetime
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from exchange.outbox.choices import CLOSED_STATES, PERSON_STATES, IntentState, Reason, Topic


def moment(ms: int | None) -> datetime.datetime | None:
    """Epoch milliseconds as an aware time."""
    return None if ms is None else datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)


class Lane(models.Model):
    """One customer's way out: its intents are worked on by one worker at a time, in order.

    `id` is the customer's. A claim raises `fence`; who holds an older fence may no longer settle.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    merchant_uid = models.CharField(max_length=100)
    # When its earliest claimable intent is due; NULL while it has none.
    due_ms = models.BigIntegerField(null=True)
    lease_until_ms = models.BigIntegerField(null=True)
    fence = models.BigIntegerField(default=0)
    worker = models.CharField(max_length=40, blank=True)
    # Its turn among all merchants' lanes, by virtual time: the smallest goes first.
    rank = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [
            models.Index(fields=["rank", "id"], condition=Q(due_ms__isnull=False), name="lanes_by_rank"),
            models.Index(fields=["due_ms", "id"], condition=Q(due_ms__isnull=False), name="lanes_by_due"),
            models.Index(
                fields=["lease_until_ms"], condition=Q(lease_until_ms__isnull=False), name="lanes_by_lease"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Turn(models.Model):
    """One merchant's virtual time: the number that its last lane took."""

    merchant_uid = models.CharField(primary_key=True, max_length=100)
    taken = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.merchant_uid


class Intent(models.Model):
    """One thing that the exchange is to be told. It names a record and never holds its content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.CharField(_("topic"), max_length=40, choices=Topic.choices)
    subject_id = models.UUIDField()
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="intents")
    merchant_uid = models.CharField(max_length=100)
    state = models.CharField(
        _("state"), max_length=20, choices=IntentState.choices, default=IntentState.PENDING
    )
    # A document waits until its subject has a uid.
    is_ready = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField()
    due_ms = models.BigIntegerField()
    # Counts up when edited content takes the place of what was turned down.
    generation = models.PositiveIntegerField(default=1)
    attempts_made = models.PositiveIntegerField(default=0)
    # Attempts that nothing came of and that count against the limit; an outage uses up none.
    tries = models.PositiveIntegerField(default=0)
    unknown_tries = models.PositiveIntegerField(default=0)
    reason = models.CharField(_("reason"), max_length=30, choices=Reason.choices, blank=True)
    error_code = models.CharField(max_length=200, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()
    done_ms = models.BigIntegerField(null=True)
    # While its outcome is unknown: since when, when the exchange is looked at next, and when the first whole
    # scan after the settle time began that did not show it. `look_ms` is NULL where nobody looks any more.
    unknown_ms = models.BigIntegerField(null=True)
    look_ms = models.BigIntegerField(null=True)
    clean_ms = models.BigIntegerField(null=True)
    # Held back by a person.
    is_held = models.BooleanField(_("held back"), default=False)

    class Meta:
        verbose_name = _("intent")
        verbose_name_plural = _("intents")
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "subject_id"],
                condition=~Q(state__in=CLOSED_STATES),
                name="one_open_intent_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(state__in=IntentState.values), name="an_intent_is_in_a_known_state"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=["", *Reason.values]), name="an_intent_waits_for_a_known_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=IntentState.WAITING_FOR_STAFF) | ~Q(reason=""),
                name="an_intent_waits_for_staff_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "position"],
                condition=~Q(state__in=CLOSED_STATES),
                name="open_intents_by_lane",
            ),
            models.Index(fields=["lane", "created_ms"], name="intents_by_lane"),
            models.Index(
                fields=["reason", "updated_ms"],
                condition=Q(state__in=PERSON_STATES),
                name="intents_that_wait_for_staff",
            ),
            models.Index(
                fields=["merchant_uid", "look_ms"],
                condition=Q(state=IntentState.UNKNOWN, look_ms__isnull=False),
                name="intents_looked_for",
            ),
            models.Index(fields=["state", "topic"], name="intents_by_state"),
            models.Index(fields=["subject_id"], name="intents_by_subject"),
            models.Index(
                fields=["done_ms", "state", "topic", "merchant_uid"],
                condition=Q(done_ms__isnull=False),
                name="intents_by_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject_id}"

    @property
    def due_at(self) -> datetime.datetime | None:
        return moment(self.due_ms)

    @property
    def updated_at(self) -> datetime.datetime | None:
        return moment(self.updated_ms)

    @property
    def done_at(self) -> datetime.datetime | None:
        return moment(self.done_ms)

    @property
    def waits_for_a_person(self) -> bool:
        return self.state in PERSON_STATES


class Attempt(models.Model):
    """Evidence: written before the request leaves, finished when its outcome is known, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=40)
    # Keyed: proves that what is sent again is the same, and tells nothing to who has a dump.
    request_digest = models.CharField(max_length=64)
    nonce = models.BigIntegerField(null=True)
    # "open" until it is settled; then how far it got: "sent", "not_sent", "lost" (the worker was). "looked":
    # nothing was sent; what a scan proved about the attempts before.
    phase = models.CharField(max_length=10, default="open")
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_codes = models.CharField(max_length=400, blank=True)
    started_ms = models.BigIntegerField()
    finished_ms = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.UniqueConstraint(fields=["intent", "number"], name="one_attempt_per_number"),
        ]
        indexes = [
            models.Index(
                fields=["finished_ms", "outcome"],
                condition=Q(finished_ms__isnull=False),
                name="attempts_by_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent_id} #{self.number}"

    @property
    def started_at(self) -> datetime.datetime | None:
        return moment(self.started_ms)

    @property
    def finished_at(self) -> datetime.datetime | None:
        return moment(self.finished_ms)


class ApiKeyClock(models.Model):
    """Nonce and rate of one API key, for all processes that use it. One statement grants both."""

    # Keyed digest over key and secret: a mended secret starts afresh.
    fingerprint = models.CharField(primary_key=True, max_length=64)
    last_nonce = models.BigIntegerField(default=0)
    # GCRA: when the next call would be on time, and the slot that was granted last; microseconds.
    tat_us = models.BigIntegerField(default=0)
    slot_us = models.BigIntegerField(default=0)
    # When the scans' next page would be on time: they have a share of the rate of their own.
    scan_tat_us = models.BigIntegerField(default=0)
    # The same for polls and comparisons, which take their share only while others queue.
    read_tat_us = models.BigIntegerField(default=0)
    # What is left of the configured rate after 429s; climbs back with time.
    share = models.FloatField(default=1.0)
    share_at_ms = models.BigIntegerField(default=0)
    paused_until_ms = models.BigIntegerField(default=0)
    pause_reason = models.CharField(max_length=40, blank=True)
    # The exchange refuses the key itself; how often in a row, and with which code.
    strikes = models.PositiveIntegerField(default=0)
    stopped_code = models.CharField(max_length=100, blank=True)
    # The exchange's clock minus ours, once it was learnt.
    skew_ms = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.fingerprint[:8]


class Circuit(models.Model):
    """Whether one call of the exchange works at all. Opens on what is wrong there, never with one subject."""

    endpoint = models.CharField(primary_key=True, max_length=40)
    failures = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    # The ids of the customers who were refused in a row, each once.
    refused_of = models.CharField(max_length=120, blank=True)
    open_until_ms = models.BigIntegerField(default=0)
    # While one probe is under way, the others wait.
    probe_until_ms = models.BigIntegerField(default=0)
    opened_ms = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.endpoint


class Worker(models.Model):
    """A delivering process. Its claims are worth as much as its heartbeat is young."""

    id = models.CharField(primary_key=True, max_length=40)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_ms = models.BigIntegerField()
    beat_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return self.id


class Scan(models.Model):
    """The scan of one merchant's list at the exchange: one at a time, whoever makes it."""

    merchant_uid = models.CharField(primary_key=True, max_length=100)
    worker = models.CharField(max_length=40, blank=True)
    lease_until_ms = models.BigIntegerField(null=True)
    # After a failure, and so that scans stay within their share of the rate.
    not_before_ms = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    scanned_ms = models.BigIntegerField(null=True)
    rows = models.PositiveIntegerField(default=0)
    is_whole = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.merchant_uid


class Orphan(models.Model):
    """An account at the exchange that carries a token of our form and that no customer here is bound to."""

    class Kind(models.TextChoices):
        NO_CUSTOMER = "no_customer", _("No customer here has its token")
        EXTRA_COPY = "extra_copy", _("Its customer is bound to another account")

    uid = models.CharField(primary_key=True, max_length=100)
    merchant_uid = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    token = models.CharField(max_length=16)
    custom_id = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=100, blank=True)
    found_ms = models.BigIntegerField()
    seen_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["no_customer", "extra_copy"]), name="an_orphan_is_of_a_known_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.uid

    @property
    def found_at(self) -> datetime.datetime | None:
        return moment(self.found_ms)


class Recovery(models.Model):
    """A start from a restored database. Nothing is sent until the exchange was scanned whole."""

    epoch = models.CharField(primary_key=True, max_length=40)
    begun_ms = models.BigIntegerField()
    # Every open intent from before the epoch was made unknown.
    marked_ms = models.BigIntegerField(null=True)
    # Every merchant's list was scanned whole; sending goes on.
    scanned_ms = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.epoch
