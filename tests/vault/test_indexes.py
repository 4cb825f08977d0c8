"""Keyed indexes: the same number however it is spelled, never the same across columns, nothing to guess."""

import hashlib

import pytest

from vault.indexes import keyed_digest, keyed_index, number_index
from vault.tokens import correlation_token

# Digits as an East Asian keyboard writes them.
WIDE = {ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}


@pytest.mark.parametrize(
    "spelled",
    ["900116 5001 085", "9001165001085", "900116-5001-085", "9001165001085 ", "９００１１６５００１０８５"],
)
def test_a_number_has_one_index_however_it_is_spelled(spelled):
    assert number_index("id_number", spelled, 1) == number_index("id_number", "9001165001085", 1)


def test_case_and_separators_do_not_matter():
    assert number_index("doc_number", "m-00.12/3456 a", 1) == number_index("doc_number", "M00123456A", 1)


def test_other_numbers_have_other_indexes():
    assert number_index("id_number", "9001165001085", 1) != number_index("id_number", "9001165001086", 1)


def test_an_empty_value_has_no_index():
    assert (
        number_index("id_number", "", 1),
        number_index("id_number", " - ", 1),
        keyed_index("phone", "", 1),
    ) == (
        "",
        "",
        "",
    )


def test_columns_are_kept_apart():
    assert number_index("id_number", "123456", 1) != number_index("doc_number", "123456", 1)
    assert keyed_index("phone", "123456", 1) != keyed_index("id_number", "123456", 1)


def test_an_index_is_32_digits_and_no_plain_hash():
    index = keyed_index("phone", "+27825550101", 1)
    assert len(index) == 32
    assert not hashlib.sha256(b"+27825550101").hexdigest().startswith(index)


def test_another_key_gives_other_indexes_digests_and_tokens(settings):
    def all_three():
        return (
            keyed_index("phone", "+27825550101", 1),
            keyed_digest("content", b"bytes"),
            correlation_token("CCT1", "individual", "a@example.com"),
        )

    before = all_three()
    settings.PORTAL_KEYS = "1:" + "YWFh" * 10 + "YWE="
    assert all(old != new for old, new in zip(before, all_three(), strict=True))


def test_a_token_is_the_same_whenever_it_is_computed_again():
    token = correlation_token("CCT1", "individual", "Lerato@Example.com")
    assert token == correlation_token("CCT1", "individual", "lerato@example.com")
    assert (len(token), token.isalnum(), token.upper()) == (10, True, token)


@pytest.mark.parametrize(
    "other",
    [
        ("CCT2", "individual", "lerato@example.com"),
        ("CCT1", "business", "lerato@example.com"),
        ("CCT1", "individual", "thabo@example.com"),
    ],
)
def test_another_merchant_kind_or_email_has_another_token(other):
    assert correlation_token(*other) != correlation_token("CCT1", "individual", "lerato@example.com")
