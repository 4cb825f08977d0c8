"""Fictional customers on every leg of the way, made through the product's own services."""

import datetime
import itertools
import uuid
from functools import lru_cache

from django.utils import timezone

from customers.choices import Stage
from customers.models import Customer, Ubo
from customers.services import register_customer
from exchange.outbox.choices import IntentState
from exchange.outbox.models import Attempt, Intent
from kyc.documents import add_document
from kyc.submission import submit_for_onboarding
from tests.kyc import files

_NAMES = [
    ("Lerato", "Mokoena"),
    ("Sipho", "Dlamini"),
    ("Anna", "van der Merwe"),
    ("Thabo", "Nkosi"),
    ("Priya", "Naidoo"),
    ("Johan", "Botha"),
    ("Zanele", "Khumalo"),
    ("Grace", "Govender"),
    ("Musa", "Mthembu"),
    ("Chloe", "Abrahams"),
]
_COMPANIES = ["Table Bay Trading", "Blue Crane Textiles", "Highveld Motors", "Karoo Foods", "Limpopo Digital"]
_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def scan() -> bytes:
    return files.jpeg()


@lru_cache(maxsize=1)
def paper() -> bytes:
    return files.pdf(pages=1)


def _next_year() -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=900)


def an_individual(merchant, actor, *, documents=True, **changes) -> Customer:
    """A registered individual; with `documents`, complete."""
    number = next(_numbers)
    first, last = _NAMES[number % len(_NAMES)]
    data = {
        "reference": f"C-{number:05d}",
        "entity_type": "individual",
        "email": f"{first}.{last}.{number}@example.com".replace(" ", "").lower(),
        "phone_number": f"+2782{2000000 + number:07d}",
        "first_name": first,
        "last_name": last,
        "dob": "1991-04-17",
        "address": f"{number} Moon Street",
        "postcode": "7350",
        "city": "Gqeberha",
        "country": "ZA",
        "nationality": "GB",
        "country_of_residence": "ZA",
        "id_number": f"P{530000000 + number}",
        "occupation": "Historian",
        "source_of_funds": "Salary or Wages",
        "doc_type": "Passport",
        "doc_number": f"P{530000000 + number}",
        "doc_expire": _next_year().isoformat(),
        **changes,
    }
    customer = register_customer(merchant=merchant, data=data, ubos=[], actor=actor, origin="pack").customer
    if documents:
        hand_in(customer, actor, "Passport", doc_number=data["doc_number"], doc_expire=_next_year())
        hand_in(customer, actor, "Selfie")
        hand_in(customer, actor, "Proof of Address")
    customer.refresh_from_db()
    return customer


def a_business(merchant, actor, *, documents=True, of_owner=None, **changes) -> Customer:
    """A registered business with one beneficial owner (`of_owner`: changes of theirs); with `documents`,
    complete."""
    number = next(_numbers)
    company = f"{_COMPANIES[number % len(_COMPANIES)]} {number} (Pty) Ltd"
    data = {
        "reference": f"B-{number:05d}",
        "entity_type": "business",
        "email": f"office{number}@example.com",
        "phone_number": f"+2782{3000000 + number:07d}",
        "account_name": company,
        "business_profile.company_name": company,
        "business_profile.registration_number": f"2020/{number:06d}/07",
        "business_profile.registration_country": "ZA",
        "business_profile.industry": "Financial Services",
        "business_profile.purpose_of_account": "Payments to suppliers abroad, twice a month",
        "business_profile.expected_monthly_volume_usd": "500000",
        "business_profile.country": "ZA",
        **changes,
    }
    owner = {
        "email": f"owner{number}@example.com",
        "first_name": "Jane",
        "last_name": "Smith",
        "dob": "1985-05-15",
        "address": "456 Residential Ave",
        "postcode": "7700",
        "city": "Cape Town",
        "country": "ZA",
        "nationality": "GB",
        "id_number": f"P{633000000 + number}",
        "occupation": "Top Executive",
        "source_of_funds": "Business Income",
        "ownership_percentage": "60",
        **(of_owner or {}),
    }
    customer = register_customer(
        merchant=merchant, data=data, ubos=[owner], actor=actor, origin="pack"
    ).customer
    if documents:
        from kyc.doc_types import BUSINESS_TYPES

        for doc_type in BUSINESS_TYPES:
            hand_in(customer, actor, doc_type)
        ubo = Ubo.objects.get(customer=customer)
        hand_in(customer, actor, "Passport", ubo=ubo, doc_number=owner["id_number"], doc_expire=_next_year())
        hand_in(customer, actor, "Selfie", ubo=ubo)
        hand_in(customer, actor, "Proof of Address", ubo=ubo)
    customer.refresh_from_db()
    return customer


def hand_in(customer, actor, doc_type, *, ubo=None, content=None, **particulars):
    """A document whose bytes nobody else has: a comment at the end of the picture differs each time."""
    # What follows a JPEG's comment marker is free text: every file is another, and all decode alike.
    mark = f"scan {next(_numbers)}".encode()
    picture = scan()
    comment = b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark
    return add_document(
        customer=customer,
        ubo=ubo,
        doc_type=doc_type,
        content=content or picture[:2] + comment + picture[2:],
        filename=f"{doc_type}.jpg",
        actor=actor,
        **particulars,
    ).document


def submitted(customer, actor) -> Customer:
    submit_for_onboarding(customer=customer, actor=actor)
    customer.refresh_from_db()
    return customer


def moved_to(customer, stage) -> Customer:
    """As the deliveries and verdicts would leave it; `customer` must be submitted."""
    now = timezone.now()
    values = {"stage": stage, "uid": f"CCT{uuid.uuid4().hex[:10].upper()}", "at_exchange_at": now}
    intents = Intent.objects.filter(lane_id=customer.pk)
    if stage == Stage.AT_EXCHANGE:
        intents = intents.exclude(topic="document.upload")
    else:
        values |= {"documents_sent_at": now}
        customer.documents.update(delivery="sent", sent_at=now)
    if stage in (Stage.VERIFIED, Stage.REJECTED):
        values |= {"verdict_at": now, "kyc_status": str(stage), "exchange_state": "active", "polled_at": now}
    for intent in intents:
        attempted(intent, "applied", 201)
    done = int(now.timestamp() * 1000)
    intents.update(state=IntentState.DONE, done_ms=done, attempts_made=1)
    Customer.objects.filter(pk=customer.pk).update(**values)
    customer.refresh_from_db()
    return customer


def attempted(intent, outcome, status, codes="") -> Attempt:
    now = int(timezone.now().timestamp() * 1000)
    return Attempt.objects.create(
        intent=intent,
        number=intent.attempts.count() + 1,
        fence=1,
        worker="w",
        request_digest="0" * 64,
        phase="sent",
        outcome=outcome,
        http_status=status,
        error_codes=codes,
        started_ms=now - 400,
        finished_ms=now,
    )


def stuck(
    customer, *, topic="customer.create", reason, state="waiting_for_staff", status=422, codes=""
) -> Intent:
    """One intent of a submitted customer that only a person can move."""
    intent = Intent.objects.filter(lane_id=customer.pk, topic=topic).first()
    attempted(intent, "unknown" if state == "unknown" else "rejected", status, codes)
    Intent.objects.filter(pk=intent.pk).update(
        state=state, reason=reason, http_status=status, error_code=codes, attempts_made=1
    )
    intent.refresh_from_db()
    return intent
