import pytest

from customers.rules.identity_documents import IDENTITY_TYPES
from kyc.doc_types import DOC_TYPES, IDENTITY_FRONTS, backs_of, nearest, types_for

INDIVIDUAL = [
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
]


def test_each_kind_of_owner_hands_in_what_the_exchange_lists():
    assert sorted(types_for("individual")) == sorted(INDIVIDUAL)
    assert sorted(types_for("ubo")) == sorted(set(INDIVIDUAL) - {"Source of Funds"})
    assert types_for("business") == (
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
    with pytest.raises(ValueError, match="person"):
        types_for("person")


def test_the_green_id_book_comes_with_the_later_dialect():
    assert "Green ID book" not in types_for("ubo", "2026-02")
    assert "Green ID book" in types_for("ubo", "2026-04")


def test_cards_and_licences_have_a_back_and_the_rest_has_none():
    assert set(IDENTITY_FRONTS) == set(IDENTITY_TYPES)
    assert backs_of("Identity card front") == ("Identity card back",)
    for front in ("Driver license", "Drivers license", "Driver license front"):
        assert set(backs_of(front)) == {"Driver license back", "Drivers license back"}
    for front in ("Passport", "Passport other", "Identity book", "Green Identity Book", "Selfie"):
        assert backs_of(front) == ()


def test_two_of_the_nine_can_be_waived():
    assert [row.name for row in DOC_TYPES.values() if row.may_be_waived] == [
        "Business License",
        "Tax Statement",
    ]


def test_three_types_must_be_fresh():
    dated = {row.name for row in DOC_TYPES.values() if row.is_dated}
    assert dated == {"Proof of Address", "Business Proof of Address", "Bank Statement"}


def test_a_passport_needs_number_and_expiry_and_a_book_never_an_expiry():
    assert DOC_TYPES["Passport"].needs_number
    assert DOC_TYPES["Passport"].needs_expiry
    assert DOC_TYPES["Identity card back"].needs_number
    assert not DOC_TYPES["Identity card"].needs_expiry
    assert not DOC_TYPES["Green Identity Book"].takes_expiry
    assert not DOC_TYPES["Selfie"].needs_number


def test_a_licence_needs_its_expiry_from_the_later_dialect_on():
    assert not DOC_TYPES["Driver license"].needs_expiry_in("2026-02")
    assert DOC_TYPES["Driver license"].needs_expiry_in("2026-04")
    assert DOC_TYPES["Drivers license back"].needs_expiry_in("2026-04")
    assert not DOC_TYPES["Identity card"].needs_expiry_in("2026-04")


@pytest.mark.parametrize(
    ("typed", "owner", "first"),
    [
        ("passport", "individual", "Passport"),
        ("Proof of adress", "ubo", "Proof of Address"),
        ("Drivers Licence", "individual", "Drivers license"),
        ("Tax statment", "business", "Tax Statement"),
    ],
)
def test_a_misspelled_type_is_told_the_nearest_one(typed, owner, first):
    assert nearest(typed, owner)[0] == first
