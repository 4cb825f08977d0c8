"""What the viewer shows of a document: its pages, the data it confirms, and the documents beside it."""

from dataclasses import dataclass
from uuid import UUID

from customers.models import BusinessProfile
from kyc.choices import Scan
from kyc.doc_types import DOC_TYPES, types_for
from kyc.document_copies import NoCopy, copy_of
from kyc.models import Document
from portal.pages.customer.facts import Fact, facts_of
from vault.envelope import CannotOpen

_NAME = ("first_name", "last_name")
_IDENTITY = (*_NAME, "dob", "nationality", "id_number")
_ADDRESS = ("address", "postcode", "city", "country")
# By the part that a document plays: the fields of its owner that it confirms.
_CONFIRMS = {
    "front": _IDENTITY,
    "back": _IDENTITY,
    "selfie": (*_NAME, "dob"),
    "address": (*_NAME, *_ADDRESS),
    "funds": (*_NAME, "occupation", "source_of_funds"),
}
_COMPANY = ("company_name", "registration_number", "registration_country", *_ADDRESS)


@dataclass(frozen=True, slots=True)
class Viewer:
    """`pages`: the numbers, from 0, of the pages that can be shown; none: `trouble` says why.

    `before` and `after` are the customer's documents beside this one, in the order of its page.
    """

    document: Document
    owner: str
    declared: tuple[Fact, ...]
    confirms: tuple[Fact, ...]
    pages: range
    all_pages: int
    trouble: str
    before: Document | None
    after: Document | None


def viewer_of(document: Document) -> Viewer:
    """The viewer's page of a document; `customer`, its merchant and `ubo` must be loaded. Opens no value."""
    pages, all_pages, trouble = _pages(document)
    before, after = _beside(document)
    return Viewer(
        document=document,
        owner=_owner(document),
        declared=facts_of(document, ("doc_number", "doc_expire", "doc_issued", "original_name")),
        confirms=_confirms(document),
        pages=pages,
        all_pages=all_pages,
        trouble=trouble,
        before=before,
        after=after,
    )


def _pages(document: Document) -> tuple[range, int, str]:
    try:
        copy = copy_of(document)
    except NoCopy as error:
        return range(0), 0, error.why
    except (OSError, CannotOpen):
        return range(0), 0, "unreadable"
    return range(copy.pages_shown), copy.pages, ""


def _owner(document: Document) -> str:
    if document.ubo is not None:
        return f"{document.ubo.first_name} {document.ubo.last_name}".strip()
    return document.customer.display_name


def _confirms(document: Document) -> tuple[Fact, ...]:
    known = DOC_TYPES.get(document.doc_type)
    part = known.part if known else ""
    if document.ubo is not None:
        document.ubo.customer = document.customer
        return facts_of(document.ubo, _CONFIRMS.get(part, _NAME))
    if document.customer.is_business:
        profile = BusinessProfile.objects.filter(customer=document.customer).first()
        return facts_of(profile, _COMPANY)
    return facts_of(document.customer, _CONFIRMS.get(part, _NAME))


def _beside(document: Document) -> tuple[Document | None, Document | None]:
    order = {name: place for place, name in enumerate(_all_types())}
    held = Document.objects.filter(customer_id=document.customer_id).exclude(scan=Scan.INFECTED)
    rows = [row for row in held.select_related("ubo") if row.is_current or row.pk == document.pk]
    rows.sort(key=lambda row: (_place(row), order.get(row.doc_type, 99), row.version))
    ids: list[UUID] = [row.pk for row in rows]
    if document.pk not in ids:
        return None, None
    place = ids.index(document.pk)
    return (rows[place - 1] if place else None), (rows[place + 1] if place + 1 < len(rows) else None)


def _place(document: Document) -> int:
    """The customer's own documents first, then its owners' in their order."""
    return -1 if document.ubo is None else document.ubo.position


def _all_types() -> list[str]:
    return list(dict.fromkeys(name for kind in ("individual", "ubo", "business") for name in types_for(kind)))
