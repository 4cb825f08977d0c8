"""South African ID numbers: doubts about the check digit and the birth date, never a refusal.

The exchange's own samples carry numbers with a wrong check digit (002:1863, 002:1891): it may well take them.
"""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from customers.rules.reading import Reading

SOUTH_AFRICA = "ZA"
DIGITS = 13

_CITIZENSHIPS = "01"  # citizen, permanent resident
_ZERO = ord("0")
# To a digit's character, the one of its double's own digits' sum.
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def check_id_number(reading: Reading, *, may_be_passport: bool) -> None:
    """Doubts about a South African national's `id_number`, against `dob`. Spaces are taken out of a full one.

    `may_be_passport`: a UBO may give a passport number instead (002:1989), so only 13 digits are judged.
    """
    given = reading.values.get("id_number")
    if not isinstance(given, str) or not given or reading.values.get("nationality") != SOUTH_AFRICA:
        return
    number = given.replace(" ", "")
    if not (number.isascii() and number.isdigit() and len(number) == DIGITS):
        if (
            number.isascii()
            and number.isdigit()
            and 9 <= len(number) < DIGITS
            and is_valid(number.zfill(DIGITS))
        ):
            reading.error(
                "id_number",
                "mangled_number",
                _("The ID number has lost its leading zeros, as spreadsheets do to numbers."),
                _("Format the column as text and put the zeros back; the number has 13 digits."),
                given,
            )
        elif not may_be_passport:
            reading.warn(
                "id_number",
                "id_number_format",
                _("A South African ID number has 13 digits; this one has not."),
                _("Check it against the identity document, or accept it with a reason."),
                given,
            )
        return
    reading.values["id_number"] = number
    if not is_valid(number):
        reading.warn(
            "id_number",
            "check_digit",
            _("The check digit of the South African ID number is wrong, so a digit may have been mistyped."),
            _("Check it against the identity document, or accept it with a reason."),
            given,
        )
    born = reading.values.get("dob")
    if isinstance(born, date) and born.isoformat()[2:].replace("-", "") != number[:6]:
        reading.warn(
            "id_number",
            "birth_date_differs",
            _("The South African ID number begins with another birth date than the one given."),
            _("Check both against the identity document, or accept them with a reason."),
            given,
        )


def is_valid(number: str) -> bool:
    """Whether 13 digits form a South African ID number: date, citizenship and check digit."""
    if number[10] not in _CITIZENSHIPS:
        return False
    # Luhn's sum: every second digit doubled, counted by its own digits.
    digits = number.encode()
    if (sum(digits[::2]) + sum(digits[1::2].translate(_DOUBLED)) - DIGITS * _ZERO) % 10:
        return False
    try:
        # Two digits tell no century; 2000 is the only one of the two whose year 00 has a 29 February.
        date(2000 + int(number[:2]), int(number[2:4]), int(number[4:6]))
    except ValueError:
        return False
    return True
