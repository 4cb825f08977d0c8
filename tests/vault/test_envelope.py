"""The envelope: what is sealed opens in its own cell, unchanged, under its own key; nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.envelope import CannotOpen, cell_name, new_data_key, unwrap

OWNER = "customers_customer:00000000-0000-0000-0000-000000000001"
CELL = cell_name("customers_customer", "dob", "1")


def entry(version, byte):
    return f"{version}:{base64.b64encode(byte * 32).decode()}"


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_again(plain):
    key, wrapped = new_data_key(OWNER)
    assert unwrap(wrapped, OWNER).open(CELL, key.seal(CELL, plain)) == plain


def test_the_same_value_is_never_sealed_alike():
    key, _ = new_data_key(OWNER)
    assert len({key.seal(CELL, b"1980-01-01") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "cell",
    [
        cell_name("customers_ubo", "dob", "1"),
        cell_name("customers_customer", "address", "1"),
        cell_name("customers_customer", "dob", "2"),
    ],
)
def test_a_value_does_not_open_in_another_table_column_or_row(cell):
    key, _ = new_data_key(OWNER)
    with pytest.raises(CannotOpen):
        key.open(cell, key.seal(CELL, b"1980-01-01"))


def test_a_value_does_not_open_under_another_customers_key():
    mine, _ = new_data_key(OWNER)
    theirs, _ = new_data_key(OWNER)
    with pytest.raises(CannotOpen):
        theirs.open(CELL, mine.seal(CELL, b"1980-01-01"))


def test_every_changed_byte_is_noticed():
    key, _ = new_data_key(OWNER)
    sealed = key.seal(CELL, b"1980-01-01")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            key.open(CELL, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 2, 13, 20])
def test_a_cut_value_is_noticed(length):
    key, _ = new_data_key(OWNER)
    with pytest.raises(CannotOpen):
        key.open(CELL, key.seal(CELL, b"1980-01-01")[:length])


def test_every_changed_byte_of_a_wrapped_key_is_noticed():
    _, wrapped = new_data_key(OWNER)
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            unwrap(bytes(changed), OWNER)


def test_a_wrapped_key_belongs_to_its_owner():
    _, wrapped = new_data_key(OWNER)
    with pytest.raises(CannotOpen, match="owner"):
        unwrap(wrapped, OWNER[:-1] + "2")


def test_a_destroyed_key_is_told_apart():
    with pytest.raises(CannotOpen, match="destroyed"):
        unwrap(b"", OWNER)


def test_keys_wrapped_under_an_older_version_still_open(settings):
    settings.PORTAL_KEYS = entry(1, b"a")
    key, wrapped = new_data_key(OWNER)
    sealed = key.seal(CELL, b"1980-01-01")
    settings.PORTAL_KEYS = f"{entry(1, b'a')},{entry(2, b'b')}"
    assert unwrap(wrapped, OWNER).open(CELL, sealed) == b"1980-01-01"
    _, newer = new_data_key(OWNER)
    assert (wrapped[1:3], newer[1:3]) == (b"\x00\x01", b"\x00\x02")


def test_a_version_that_is_gone_is_named(settings):
    settings.PORTAL_KEYS = f"{entry(1, b'a')},{entry(2, b'b')}"
    _, wrapped = new_data_key(OWNER)
    settings.PORTAL_KEYS = entry(1, b"a")
    with pytest.raises(CannotOpen, match="version 2"):
        unwrap(wrapped, OWNER)


def test_the_right_version_with_the_wrong_key_does_not_open(settings):
    settings.PORTAL_KEYS = entry(1, b"a")
    _, wrapped = new_data_key(OWNER)
    settings.PORTAL_KEYS = entry(1, b"b")
    with pytest.raises(CannotOpen):
        unwrap(wrapped, OWNER)


def test_a_data_key_is_not_printed():
    key, _ = new_data_key(OWNER)
    assert "DataKey object" in repr(key)
