"""The survey of a pack tells whether any two rows are the same, however many there are."""

from array import array

import pytest

from kyc.pack.places import _any_twice


@pytest.mark.parametrize("count", [0, 1, 2, 19_999, 20_000, 50_001])
def test_values_that_are_all_different_are_no_doubles(count):
    assert not _any_twice(array("q", range(-count // 2, count - count // 2)))


@pytest.mark.parametrize("count", [3, 20_001, 50_001])
def test_a_single_double_is_found_wherever_it_stands(count):
    values = array("q", range(-count // 2, count - count // 2))
    for place in (0, count // 2):
        doubled = values[:]
        doubled[-1] = values[place]
        assert _any_twice(doubled)
