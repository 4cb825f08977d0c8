"""What the product's database says, as plain data: read by a process of the install that is judged.

    python -m tests.campaigns.facts     prints one JSON object

`customers` with `ubos`, `documents` and what they are sent as; `payments`: the references asked for;
`intents` with `attempts`; `audit`; `files`: those that are stored once the sweep has been, `swept`: how many
it took; `verified`: what `verify_audit` says of the trail once it is sealed, and its exit code. Nobody may be
at work: the sweep takes what has no row yet.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any


def gather() -> dict[str, Any]:
    from django.db import connection

    from accounts.models import AuditEntry
    from exchange.outbox.models import Intent, Lane

    attempts = defaultdict(list)
    for row in _table("exchange_attempt"):
        attempts[str(row["intent_id"])].append(row)
    intents = list(
        Intent.objects.values(
            *("id", "topic", "subject_id", "lane_id", "merchant_uid", "state", "reason", "attempts_made"),
            *("tries", "unknown_tries", "created_ms", "updated_ms", "done_ms", "generation"),
            *("is_ready", "is_held", "due_ms", "error_code"),
        )
    )
    for intent in intents:
        intent["attempts"] = sorted(
            attempts[str(intent["id"]).replace("-", "")] or attempts[str(intent["id"])],
            key=lambda row: row["number"],
        )
    # First: whoever's file it took in error has none then.
    swept = _sweep()
    return {
        "vendor": connection.vendor,
        "swept": swept,
        "customers": _customers(),
        "payments": _payments(),
        "intents": intents,
        "lanes": list(Lane.objects.values("id", "fence", "worker", "lease_until_ms", "due_ms")),
        "audit": list(
            AuditEntry.objects.order_by("at").values(
                "id", "action", "subject_type", "subject_id", "customer_id", "details"
            )
        ),
        "files": _stored_files(),
        "verified": verified(),
    }


def verified() -> dict[str, Any]:
    """What `seal_audit` and then `verify_audit` come to, as an operator runs them: {"code", "said"}."""
    from django.conf import settings
    from django.core.management import CommandError, call_command

    said, code = io.StringIO(), 0
    told: dict[str, str] = {}
    if settings.RECOVERY_EPOCH_MS is not None:
        told["restored_at"] = datetime.fromtimestamp(settings.RECOVERY_EPOCH_MS / 1000, UTC).isoformat()
    try:
        call_command("seal_audit", stdout=said, stderr=said)
        call_command("verify_audit", stdout=said, stderr=said, **told)
    except CommandError as error:
        code = error.returncode
        said.write(str(error))
    except SystemExit as end:
        code = int(end.code or 0)
    return {"code": code, "said": said.getvalue()}


def _sweep() -> int:
    """The sweep of stored files that no row names, as it will be when all that are there now are old."""
    from django.utils import timezone

    from kyc.orphans import GRACE, sweep_files

    return len(sweep_files(now=timezone.now() + GRACE + timedelta(hours=1)))


def _customers() -> list[dict[str, Any]]:
    from customers.models import BusinessProfile, Customer, Ubo
    from exchange.client.bodies import business_body, individual_body
    from kyc.canonical import canonical_digest
    from kyc.models import Document
    from kyc.records import Record, customer_data, ubo_data

    profiles = {profile.pk: profile for profile in BusinessProfile.objects.all()}
    ubos, documents = defaultdict(list), defaultdict(list)
    for ubo in Ubo.objects.order_by("position"):
        ubos[ubo.customer_id].append(ubo)
    for document in Document.objects.order_by("added_at"):
        documents[document.customer_id].append(document)
    found = []
    for customer in Customer.objects.select_related("merchant").order_by("created_at"):
        mine, profile = ubos[customer.pk], profiles.get(customer.pk)
        if profile is not None:
            profile.customer = customer
        for owner in (*mine, *documents[customer.pk]):
            owner.customer = customer
        data = customer_data(Record(customer, profile=profile))
        names = {"account_name": "", "merchant_uid": customer.merchant.exchange_uid}
        body = (
            business_body(data, [ubo_data(ubo) for ubo in mine], **names)
            if customer.is_business
            else individual_body(data, **names)
        )
        digest = canonical_digest(customer, mine, profile)
        found.append(
            {
                "id": customer.pk,
                "reference": customer.reference,
                "email": customer.email,
                "entity_type": customer.entity_type,
                "merchant_uid": customer.merchant.exchange_uid,
                "token": customer.token,
                "uid": customer.uid,
                "stage": customer.stage,
                "version": customer.version,
                "origin": customer.origin,
                "submitted_at": customer.submitted_at and customer.submitted_at.timestamp(),
                "is_as_submitted": digest == customer.submitted_digest,
                "body": body,
                "ubos": [{"id": ubo.pk, "email": ubo.email, "uid": ubo.uid} for ubo in mine],
                "documents": [_document(document) for document in documents[customer.pk]],
            }
        )
    return found


def _payments() -> list[dict[str, Any]]:
    from payments.models import PaymentReference

    return [
        {
            "id": row.pk,
            "name": f"{row.customer.reference} {row.own_reference}",
            "uid": row.customer.uid,
            "currency": row.currency,
            "webhook_url": row.webhook_url,
            "webhook_secret": row.webhook_secret,
            "exchange_id": row.exchange_id,
            "code": row.code,
            "events": [
                hashlib.sha256(event.body.encode("latin-1")).hexdigest() for event in row.events.all()
            ],
        }
        for row in PaymentReference.objects.select_related("customer").prefetch_related("events")
    ]


def _document(document) -> dict[str, Any]:
    from kyc.documents import read_document

    try:
        is_whole = hashlib.sha256(read_document(document)).hexdigest() == document.sha256
    except Exception as error:  # whatever it is, the invariant names it
        is_whole = type(error).__name__
    return {
        "id": document.pk,
        "ubo_id": document.ubo_id,
        "doc_type": document.doc_type,
        "is_current": document.is_current,
        "version": document.version,
        "delivery": document.delivery,
        "is_flagged": document.is_flagged,
        "sha256": document.sha256,
        "file": document.file,
        "is_whole": is_whole,
    }


def _table(name: str) -> list[dict[str, Any]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _stored_files() -> list[str]:
    from pathlib import Path

    from django.conf import settings

    from kyc.orphans import ROOT

    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in (root / ROOT).rglob("*") if path.is_file())


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    json.dump(gather(), sys.stdout, default=str)
