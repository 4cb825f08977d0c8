"""The survey of a pack tells whether any two rows are the same, however many there are."""

import os
import tempfile
from array import array

import pytest

from kyc.pack.places import Places, _any_twice


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


def test_what_a_killed_import_left_is_swept_after_a_day_and_what_another_uses_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, in_use, others = tmp_path / "pack-places-a", tmp_path / "pack-places-b", tmp_path / "something"
    for folder in (left, in_use, others):
        folder.mkdir()
        (folder / "places.sqlite3").write_bytes(b"")
    for folder in (left, others):
        os.utime(folder, (0, 0))
    with Places():
        assert not left.exists()
    assert in_use.exists()
    assert others.exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_what_another_account_left_is_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "pack-places-a"
    left.mkdir()
    os.utime(left, (0, 0))
    ours = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: ours + 1)
    with Places():
        assert left.exists()
