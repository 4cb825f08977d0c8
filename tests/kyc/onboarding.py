"""Customers with their documents, as far along as a test needs them."""

from datetime import date
from functools import cache
from itertools import count

from customers.choices import Origin
from customers.models import Customer
from customers.services import register_customer
from kyc.doc_types import BUSINESS_TYPES
from kyc.documents import add_document
from kyc.requirements import requirements
from kyc.stages import refresh_stage
from kyc.submission import submit_for_onboarding
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, UBO
from tests.kyc.files import jpeg

PERSON_SET = ("Passport", "Selfie", "Proof of Address")
_number = count(1)


@cache
def _scan() -> bytes:
    return jpeg()


def picture() -> bytes:
    """A scan that no other has: what follows a JPEG's end is no part of the picture."""
    return _scan() + f"scan {next(_number)}".encode()


def individual(merchant, actor, **changes) -> Customer:
    registered = register_customer(
        merchant=merchant, data={**INDIVIDUAL, **changes}, actor=actor, origin=Origin.FORM, today=TODAY
    )
    return registered.customer


def business(merchant, actor, ubos=(UBO,), **changes) -> Customer:
    data = {**BUSINESS, "entity_type": "business", "reference": "B-1", **changes}
    registered = register_customer(
        merchant=merchant, data=data, ubos=ubos, actor=actor, origin=Origin.FORM, today=TODAY
    )
    return registered.customer


def hand_in(customer, doc_type, actor, ubo=None, content=None, **particulars):
    """One document, with the particulars that its type needs."""
    if doc_type == "Passport":
        particulars = {"doc_number": "M00123456", "doc_expire": date(2030, 1, 31), **particulars}
    elif doc_type.startswith(("Identity", "Driver")):
        particulars = {"doc_number": "D95774273", **particulars}
    return add_document(
        customer=customer,
        ubo=ubo,
        doc_type=doc_type,
        content=picture() if content is None else content,
        filename="scan.jpg",
        actor=actor,
        today=TODAY,
        **particulars,
    )


def complete(customer, actor) -> Customer:
    """Hand in whatever the customer still lacks."""
    if customer.is_business:
        for doc_type in BUSINESS_TYPES:
            hand_in(customer, doc_type, actor)
        for ubo in customer.ubos.all():
            for doc_type in PERSON_SET:
                hand_in(customer, doc_type, actor, ubo=ubo)
    else:
        for doc_type in PERSON_SET:
            hand_in(customer, doc_type, actor)
    refresh_stage(customer, today=TODAY)
    return customer


def submitted(customer, actor) -> Customer:
    complete(customer, actor)
    submit_for_onboarding(customer=customer, actor=actor, today=TODAY)
    return customer


def at_exchange(customer, uid="CCT1") -> Customer:
    """As the delivery leaves it once the exchange gave the customer and its UBOs their uids."""
    customer.stage, customer.uid = "at_exchange", uid
    customer.save(update_fields=["stage", "uid"])
    for place, ubo in enumerate(customer.ubos.all()):
        ubo.uid = f"{uid}-U{place}"
        ubo.save(update_fields=["uid"])
    return customer


def rows_of(customer):
    """code, subject and state of each requirement."""
    return [(row.code, row.subject, str(row.state)) for row in requirements(customer, today=TODAY)]


def row(customer, code, subject=""):
    """The one requirement with this code and subject."""
    (found,) = [
        row for row in requirements(customer, today=TODAY) if row.code == code and row.subject == subject
    ]
    return found
