"""Sealed files: complete or absent, durable before they are named, readable in their own place only."""

import os
import stat
import uuid
from pathlib import Path

import pytest

from vault import files
from vault.envelope import CannotOpen, new_data_key

TABLE = "kyc_document"


@pytest.fixture
def key():
    return new_data_key("customers_customer:1")[0]


def on_disk(settings, name):
    return Path(settings.MEDIA_ROOT) / name


def test_a_stored_file_comes_back_unchanged_and_lies_sealed(key, settings):
    pk, content = uuid.uuid4(), b"%PDF-1.7 secret " * 1000
    name = files.store(key, TABLE, pk, content)
    assert files.load(key, TABLE, pk, name) == content
    assert b"secret" not in on_disk(settings, name).read_bytes()


def test_a_file_is_named_by_its_row_alone_and_readable_by_its_owner_only(key, settings):
    pk = uuid.uuid4()
    name = files.store(key, TABLE, pk, b"content")
    assert name == f"documents/{pk.hex[:2]}/{pk.hex[2:4]}/{pk.hex}.sealed"
    assert stat.S_IMODE(on_disk(settings, name).stat().st_mode) == 0o600


def test_nothing_half_written_is_left_or_named(key, settings, monkeypatch):
    def power_cut(descriptor):
        raise OSError("power cut")

    monkeypatch.setattr(os, "fsync", power_cut)
    pk = uuid.uuid4()
    with pytest.raises(OSError, match="power cut"):
        files.store(key, TABLE, pk, b"content")
    assert not on_disk(settings, files.file_name(pk)).exists()


def test_a_file_and_its_folder_are_synced_before_it_is_named(key, settings, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor):
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noting_replace(*names):
        events.append("named")
        replace(*names)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    files.store(key, TABLE, uuid.uuid4(), b"content")
    assert events == ["file", "named", "folder"]


@pytest.mark.parametrize("place", [0, 1, 5, 20, -1])
def test_a_changed_file_does_not_open(key, settings, place):
    pk = uuid.uuid4()
    name = files.store(key, TABLE, pk, b"content")
    sealed = bytearray(on_disk(settings, name).read_bytes())
    sealed[place] ^= 1
    on_disk(settings, name).write_bytes(sealed)
    with pytest.raises(CannotOpen):
        files.load(key, TABLE, pk, name)


def test_a_file_of_another_row_does_not_open(key):
    one, other = uuid.uuid4(), uuid.uuid4()
    name = files.store(key, TABLE, one, b"content")
    with pytest.raises(CannotOpen):
        files.load(key, TABLE, other, name)


def test_a_missing_file_is_told_apart(key):
    with pytest.raises(FileNotFoundError):
        files.load(key, TABLE, uuid.uuid4(), "documents/00/00/none.sealed")


def test_a_removed_file_is_gone_and_may_be_removed_again(key, settings):
    name = files.store(key, TABLE, uuid.uuid4(), b"content")
    files.remove(name)
    assert not on_disk(settings, name).exists()
    files.remove(name)


def test_a_name_can_not_leave_the_folder(key):
    from django.core.exceptions import SuspiciousFileOperation

    with pytest.raises(SuspiciousFileOperation):
        files.load(key, TABLE, uuid.uuid4(), "../../etc/passwd")
