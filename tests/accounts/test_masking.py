"""What a change was is written down without the personal data in it."""

import datetime
import uuid
from decimal import Decimal

import pytest

from accounts.masking import Kind, changes, mask
from vault.envelope import new_data_key
from vault.masking import MASK


def test_what_is_not_named_as_harmless_is_masked():
    found = changes({"first_name": ("Lerato", "Lerata"), "stage": ("draft", "complete")}, shown={"stage"})
    assert found["stage"] == ("draft", "complete")
    was, now = found["first_name"]
    assert was.startswith(f"{MASK} ~")
    assert now.startswith(f"{MASK} ~")
    assert was != now
    assert "Lerat" not in str(found)


def test_the_mask_tells_neither_length_nor_beginning():
    assert len(mask(Kind.HIDDEN, "phone_number", "1")) == len(mask(Kind.HIDDEN, "phone_number", "+27" * 20))


def test_the_same_value_is_seen_to_be_the_same_in_one_field_only():
    phone = "+27822904047"
    assert mask(Kind.HIDDEN, "phone_number", phone) == mask(Kind.HIDDEN, "phone_number", phone)
    assert mask(Kind.HIDDEN, "phone_number", phone) != mask(Kind.HIDDEN, "id_number", phone)


def test_under_a_customers_key_the_same_value_of_another_customer_looks_otherwise():
    keys = [new_data_key(str(uuid.uuid4()))[0] for _ in range(2)]
    first, second = (mask(Kind.HIDDEN, "dob", "1990-02-08", key.digest) for key in keys)
    assert first != second


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("kind", list(Kind))
def test_that_nothing_was_there_is_no_secret(kind, empty):
    assert mask(kind, "x", empty) == empty


def test_what_people_wrote_is_told_by_its_length():
    assert mask(Kind.TEXT, "notes", "Call Jane Smith") == f"{MASK} (15)"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime.date(2035, 1, 31), "2035-01-31"),
        (Decimal("30.50"), "30.5"),
        (Decimal(500000), "500000"),
        (True, True),
        (7, 7),
        (["ZA", "GB"], ["ZA", "GB"]),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_what_is_shown_is_what_json_can_hold(value, written):
    assert mask(Kind.SHOWN, "x", value) == written


def test_a_field_of_an_owner_is_known_by_its_last_part():
    found = changes(
        {"ubo:1.country": ("ZA", "GB"), "ubo:1.dob": (None, datetime.date(1985, 5, 15))}, shown={"country"}
    )
    assert found["ubo:1.country"] == ("ZA", "GB")
    assert found["ubo:1.dob"][0] is None
    assert "1985" not in str(found)
