"""The exchange's document types as data: whose they are, what is their back, what they must carry.

Spelling is the exchange's, byte for byte (002:2346-2359 individuals, 002:2454-2462 businesses, 002:2601-2614
UBOs). A type is a row of `DOC_TYPES`: to add one, add a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from customers.lists import nearest as nearest_entries
from customers.rules.identity_documents import (
    DRIVER_LICENSES,
    GREEN_ID_BOOK,
    IDENTITY_BOOKS,
    IDENTITY_CARDS,
    NEVER_EXPIRING,
    PASSPORTS,
)

INDIVIDUAL = "individual"
BUSINESS = "business"
UBO = "ubo"
OWNER_KINDS = (INDIVIDUAL, BUSINESS, UBO)
PEOPLE = frozenset({INDIVIDUAL, UBO})

SELFIE = "Selfie"
PROOF_OF_ADDRESS = "Proof of Address"
SOURCE_OF_FUNDS = "Source of Funds"

DEFAULT_DIALECT = "2026-02"
DIALECT_WITH_GREEN_ID_BOOK = "2026-04"
DIALECT_WITH_LICENSE_EXPIRY = "2026-04"


@dataclass(frozen=True, slots=True)
class DocType:
    """One document type.

    ``owners``         kinds of owner that may hand it in: individual, ubo, business
    ``part``           front (of an identity document), back, selfie, address, funds, business
    ``backs``          for a front: the types that count as its back; () where it has one side only
    ``needs_number``   the document's number must be given
    ``needs_expiry``   its expiry must be given
    ``expiry_since``   the dialect from which on its expiry must be given; "" where `needs_expiry` says it all
    ``takes_expiry``   it has an expiry at all (identity books and papers have none: one given is not judged)
    ``may_be_waived``  an officer may waive it with a reason
    ``is_dated``       must be less than three months old when handed in
    ``since``          the first dialect that knows it; "" for all
    """

    name: str
    owners: frozenset[str]
    part: str
    backs: tuple[str, ...] = ()
    needs_number: bool = False
    needs_expiry: bool = False
    takes_expiry: bool = False
    may_be_waived: bool = False
    is_dated: bool = False
    since: str = ""
    expiry_since: str = ""

    @property
    def is_identity(self) -> bool:
        """Whether it is a side of an identity document."""
        return self.part in ("front", "back")

    def needs_expiry_in(self, dialect: str) -> bool:
        """Whether the expiry must be given when this dialect is spoken: for licences, from 2026-04 on."""
        return self.needs_expiry or bool(self.expiry_since and dialect >= self.expiry_since)


# Either spelling of the back goes with each spelling of the front: the documents use both for one person.
DRIVER_LICENSE_BACKS = ("Drivers license back", "Driver license back")
IDENTITY_CARD_BACKS = ("Identity card back",)

IDENTITY_FRONTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(PASSPORTS, ()),
    **dict.fromkeys(IDENTITY_CARDS, IDENTITY_CARD_BACKS),
    **dict.fromkeys(DRIVER_LICENSES, DRIVER_LICENSE_BACKS),
    **dict.fromkeys((*IDENTITY_BOOKS, GREEN_ID_BOOK), ()),
}

# The nine of a business (002:2454-2462): (name, may be waived, must be less than three months old).
_BUSINESS = (
    ("Board Resolution", False, False),
    ("Company Registration", False, False),
    ("AML Policy", False, False),
    ("Business License", True, False),
    ("Business Proof of Address", False, True),
    ("Shareholder Certificate", False, False),
    ("Incorporation Certificate", False, False),
    ("Bank Statement", False, True),
    ("Tax Statement", True, False),
)
BUSINESS_TYPES: tuple[str, ...] = tuple(row[0] for row in _BUSINESS)


def _rows() -> list[DocType]:
    rows = [
        DocType(
            name,
            PEOPLE,
            "front",
            backs=backs,
            needs_number=True,
            needs_expiry=name in PASSPORTS,
            takes_expiry=name not in NEVER_EXPIRING,
            since=DIALECT_WITH_GREEN_ID_BOOK if name == GREEN_ID_BOOK else "",
            expiry_since=DIALECT_WITH_LICENSE_EXPIRY if name in DRIVER_LICENSES else "",
        )
        for name, backs in IDENTITY_FRONTS.items()
    ]
    rows += [
        DocType(
            name,
            PEOPLE,
            "back",
            needs_number=True,
            takes_expiry=True,
            expiry_since=DIALECT_WITH_LICENSE_EXPIRY if name in DRIVER_LICENSE_BACKS else "",
        )
        for name in (*IDENTITY_CARD_BACKS, *DRIVER_LICENSE_BACKS)
    ]
    rows += [
        DocType(SELFIE, PEOPLE, "selfie"),
        DocType(PROOF_OF_ADDRESS, PEOPLE, "address", is_dated=True),
        DocType(SOURCE_OF_FUNDS, frozenset({INDIVIDUAL}), "funds"),
    ]
    rows += [
        DocType(name, frozenset({BUSINESS}), "business", may_be_waived=waivable, is_dated=dated)
        for name, waivable, dated in _BUSINESS
    ]
    return rows


DOC_TYPES: dict[str, DocType] = {row.name: row for row in _rows()}


@lru_cache(maxsize=32)
def types_for(owner_kind: str, dialect: str = DEFAULT_DIALECT) -> tuple[str, ...]:
    """The names that an `individual`, a `business` or a `ubo` may hand in, in the order of the documents."""
    if owner_kind not in OWNER_KINDS:
        raise ValueError(f"no such kind of owner: {owner_kind!r}")
    return tuple(
        row.name
        for row in DOC_TYPES.values()
        if owner_kind in row.owners and (not row.since or dialect >= row.since)
    )


def backs_of(front: str) -> tuple[str, ...]:
    """The types that count as the back of this front; () where it has one side, or is no front."""
    return IDENTITY_FRONTS.get(front, ())


def nearest(doc_type: str, owner_kind: str, dialect: str = DEFAULT_DIALECT) -> list[str]:
    """Up to three types of this owner that are spelled nearly so; [] when none is near."""
    return nearest_entries(doc_type, types_for(owner_kind, dialect))
