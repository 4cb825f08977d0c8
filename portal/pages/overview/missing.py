"""How many drafts lack which document: counted by the database, so that it is a count however many there are.

It says what `kyc.requirements` says, and a test compares the two. What can't be told without opening what is
sealed, or by looking at one customer at a time, is left to the judging of the newest drafts: other faults
of a document's particulars than an expiry, and the back of an identity document. Somebody with two
identity documents of which one has expired is counted as having one.
"""

import datetime
from collections import Counter

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet

from customers.models import Ubo
from customers.rules.identity_documents import NEVER_EXPIRING
from kyc.choices import Delivery, Scan
from kyc.doc_types import BUSINESS_TYPES, DOC_TYPES, IDENTITY_FRONTS, PROOF_OF_ADDRESS, SELFIE
from kyc.models import Document, Waiver

# What each person hands in, by the code of the requirement.
_OF_PEOPLE = {
    "document:identity": tuple(IDENTITY_FRONTS),
    "document:selfie": (SELFIE,),
    "document:proof_of_address": (PROOF_OF_ADDRESS,),
}
_OF_BUSINESSES = {f"document:{doc_type}": doc_type for doc_type in BUSINESS_TYPES}
COUNTED = frozenset({*_OF_PEOPLE, *_OF_BUSINESSES})
_EXPIRING = tuple(name for name, row in DOC_TYPES.items() if row.takes_expiry and name not in NEVER_EXPIRING)


def drafts_without(
    drafts: QuerySet, *, individuals: int, businesses: int, today: datetime.date
) -> dict[str, int]:
    """How many of `drafts`, who are so many `individuals` and `businesses`, are held by each of `COUNTED`.

    A business counts once for a document, whether it or several of its owners lack it.

    Five queries.
    """
    serve = _that_serve(today)
    of_customers = serve.filter(customer__in=drafts, ubo__isnull=True).order_by()
    # A type is held once by a customer, so that rows are customers; of identity documents there may be more.
    held = Counter(dict(of_customers.values_list("doc_type").annotate(Count("pk"))))
    identified = of_customers.filter(doc_type__in=IDENTITY_FRONTS).values("customer").distinct().count()
    without = Counter(
        {
            "document:identity": individuals - identified,
            "document:selfie": individuals - held[SELFIE],
            "document:proof_of_address": individuals - held[PROOF_OF_ADDRESS],
        }
    )
    without.update(_owners_without(drafts, serve))
    waived = _waived(drafts)
    for code, doc_type in _OF_BUSINESSES.items():
        without[code] = businesses - held[doc_type] - waived.get(doc_type, 0)
    return {code: count for code, count in without.items() if count > 0}


def _that_serve(today: datetime.date) -> QuerySet[Document]:
    unscanned = (Scan.PENDING, Scan.NOT_SCANNED) if settings.CLAMAV_ADDRESS else (Scan.PENDING,)
    return (
        Document.objects.filter(is_current=True)
        .exclude(delivery=Delivery.REFUSED)
        .exclude(scan__in=unscanned)
        .exclude(doc_type__in=_EXPIRING, doc_expire__lt=today)
    )


def _owners_without(drafts: QuerySet, serve: QuerySet[Document]) -> dict[str, int]:
    """Businesses of which at least one beneficial owner lacks it."""
    own = serve.filter(ubo=OuterRef("pk")).order_by()
    lacking = {
        code: Count("customer", distinct=True, filter=~Exists(own.filter(doc_type__in=types)))
        for code, types in _OF_PEOPLE.items()
    }
    # A name with a colon is none that a statement takes.
    named = {code.partition(":")[2]: count for code, count in lacking.items()}
    counted = Ubo.objects.filter(customer__in=drafts).order_by().aggregate(**named)
    return {f"document:{name}": count for name, count in counted.items()}


def _waived(drafts: QuerySet) -> dict[str, int]:
    """Businesses that hold no document of a type since it was waived."""
    any_version = Document.objects.filter(
        customer=OuterRef("customer"), ubo__isnull=True, is_current=True, doc_type=OuterRef("doc_type")
    )
    waivers = Waiver.objects.filter(customer__in=drafts, doc_type__in=BUSINESS_TYPES)
    return dict(waivers.exclude(Exists(any_version)).order_by().values_list("doc_type").annotate(Count("pk")))
