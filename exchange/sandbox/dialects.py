"""The three states of the exchange's documents that the sandbox can speak, as data.

`2025-11` is the text of November 2025, `2026-02` that of 19 February 2026 (the default), `2026-04`
everything that was added up to 9 April 2026. `any` takes a request that is right in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

INDIVIDUAL = "individual"
BUSINESS = "business"
UBO = "ubo"

PERSON_TYPES = (  # 002:2346-2360
    "Passport",
    "Passport other",
    "Identity card",
    "Identity book",
    "Driver license",
    "Identity card front",
    "Driver license front",
    "Identity card back",
    "Driver license back",
    "Proof of Address",
    "Source of Funds",
    "Selfie",
    "Drivers license",
    "Drivers license back",
    "Green Identity Book",
)
UBO_TYPES = tuple(name for name in PERSON_TYPES if name != "Source of Funds")  # 002:2599-2612
BUSINESS_TYPES = (  # 002:2454-2462
    "Board Resolution",
    "Company Registration",
    "AML Policy",
    "Business License",
    "Business Proof of Address",
    "Shareholder Certificate",
    "Incorporation Certificate",
    "Bank Statement",
    "Tax Statement",
)

PASSPORTS = frozenset({"Passport", "Passport other"})
LICENCES = frozenset(
    {
        "Driver license",
        "Driver license front",
        "Driver license back",
        "Drivers license",
        "Drivers license back",
    }
)
# Each front, and the backs that go with it; an empty tuple: the document has one side (002:2320-2328).
FRONTS: dict[str, tuple[str, ...]] = {
    "Passport": (),
    "Passport other": (),
    "Identity book": (),
    "Green Identity Book": (),
    "Green ID book": (),
    "Identity card": ("Identity card back",),
    "Identity card front": ("Identity card back",),
    "Driver license": ("Driver license back", "Drivers license back"),
    "Driver license front": ("Driver license back", "Drivers license back"),
    "Drivers license": ("Driver license back", "Drivers license back"),
}
IDENTITY_TYPES = frozenset(FRONTS) | {back for backs in FRONTS.values() for back in backs}

_DOCUMENTS = "/api/v2/verification/{}/documents"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between two states of the documents.

    `targets`: for each upload path the form fields that may name the owner, and whom each may name.
    `number_for` / `expiry_for`: the doc_types that need `doc_number` / `doc_expire`.
    """

    name: str
    targets: dict[str, dict[str, frozenset[str]]]
    doc_types: dict[str, frozenset[str]]
    number_for: frozenset[str]
    expiry_for: frozenset[str]
    business_not_applicable: bool
    """A business document may say 'N/A' for number and expiry (002:2445)."""
    creates_merchants: bool


_CUSTOMER = frozenset({INDIVIDUAL, BUSINESS})
_CUSTOMERS_PATH = _DOCUMENTS.format("customers")

DIALECTS: dict[str, Dialect] = {
    "2025-11": Dialect(
        name="2025-11",
        targets={_CUSTOMERS_PATH: {"customer_uid": _CUSTOMER | {UBO}}},
        doc_types={
            INDIVIDUAL: frozenset(PERSON_TYPES),
            UBO: frozenset(PERSON_TYPES),
            BUSINESS: frozenset(BUSINESS_TYPES),
        },
        number_for=IDENTITY_TYPES,
        expiry_for=PASSPORTS,
        business_not_applicable=True,
        creates_merchants=False,
    ),
    "2026-02": Dialect(
        name="2026-02",
        targets={_CUSTOMERS_PATH: {"customer_uid": _CUSTOMER, "customer_ubo_uid": frozenset({UBO})}},
        doc_types={
            INDIVIDUAL: frozenset(PERSON_TYPES),
            UBO: frozenset(UBO_TYPES),
            BUSINESS: frozenset(BUSINESS_TYPES),
        },
        number_for=IDENTITY_TYPES,
        expiry_for=PASSPORTS,
        business_not_applicable=True,
        creates_merchants=False,
    ),
    "2026-04": Dialect(
        name="2026-04",
        targets={
            _CUSTOMERS_PATH: {"uid": _CUSTOMER},
            _DOCUMENTS.format("ubos"): {"uid": frozenset({UBO})},
            _DOCUMENTS.format("merchants"): {"uid": frozenset({"merchant"})},
        },
        doc_types={
            INDIVIDUAL: frozenset({*PERSON_TYPES, "Green ID book"}),
            UBO: frozenset({*UBO_TYPES, "Green ID book"}),
            BUSINESS: frozenset(BUSINESS_TYPES),
            "merchant": frozenset(BUSINESS_TYPES),
        },
        number_for=PASSPORTS,
        expiry_for=PASSPORTS | LICENCES,
        business_not_applicable=False,
        creates_merchants=True,
    ),
}

DEFAULT_DIALECT = "2026-02"
NAMES = (*DIALECTS, "any")


def spoken(name: str) -> tuple[Dialect, ...]:
    """The dialects that the switch `name` accepts; newest last. Raises KeyError for a name that is none."""
    return tuple(DIALECTS.values()) if name == "any" else (DIALECTS[name],)
