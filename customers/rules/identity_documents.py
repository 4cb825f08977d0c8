"""Identity documents: which types there are, and the rules for their number and expiry (002:2316-2359).

They stand in this room because a customer's own row may carry `doc_type`, `doc_number`, `doc_expire` and
`doc_country` (002:1674-1677); the rooms to the right take them from here.
"""

from __future__ import annotations

# The front, or the only side, of what proves an identity, exactly as the exchange spells it.
PASSPORTS = ("Passport", "Passport other")
IDENTITY_BOOKS = ("Identity book", "Green Identity Book")
IDENTITY_CARDS = ("Identity card", "Identity card front")
DRIVER_LICENSES = ("Driver license", "Drivers license", "Driver license front")
GREEN_ID_BOOK = "Green ID book"  # known from dialect 2026-04 on

IDENTITY_TYPES = (*PASSPORTS, *IDENTITY_CARDS, *DRIVER_LICENSES, *IDENTITY_BOOKS, GREEN_ID_BOOK)

# Identity books carry no expiry; one that is given all the same is not judged.
NEVER_EXPIRING = frozenset((*IDENTITY_BOOKS, GREEN_ID_BOOK))

DOC_NUMBER_MAX = 128  # characters
