"""The shortcut for phone numbers says nothing that the field's library would not say."""

import random

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from customers.rules.everyday_phones import is_plainly_valid
from customers.rules.phone import parse_phone


def by_the_library(text: str) -> str:
    """The number as the library writes it; "" where it is not valid."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def numbers() -> list[str]:
    """An example of each kind of line of each country, with each digit changed, left out and doubled."""
    chance = random.Random(1)
    kinds = ("mobile", "fixed_line", "toll_free", "premium_rate", "voip")
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        country = PhoneMetadata.metadata_for_region(region)
        for kind in kinds:
            desc = getattr(country, kind)
            if desc is None or not desc.example_number:
                continue
            text = f"+{country.country_code}{desc.example_number}"
            found.append(text)
            for _ in range(3):
                place = chance.randrange(1, len(text))
                digit = chance.choice("0123456789")
                found += [
                    text[:place] + digit + text[place + 1 :],
                    text[:place] + text[place + 1 :],
                    text[:place] + digit + text[place:],
                ]
    return found


def test_what_is_plainly_valid_is_valid_for_the_library_and_written_the_same():
    taken = [text for text in numbers() if is_plainly_valid(text)]
    assert len(taken) > 1_000
    assert [text for text in taken if by_the_library(text) != text] == []


@pytest.mark.parametrize("text", ["+27821234567", "+447400123456", "+12015550123", "+4915123456789"])
def test_an_everyday_number_needs_no_parser(text):
    assert is_plainly_valid(text)
    assert parse_phone(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "+", "+27", "+0821234567", "27821234567", "+27 82 123 4567", "+270821234567", "+99912345678",
     "+27821234567\n", "+２７821234567", "+7", "+1", "+442"],
)  # fmt: skip
def test_the_rest_is_left_to_the_library(text):
    assert not is_plainly_valid(text)
