"""Stored files that no row names: left behind when a transaction failed, or when a customer was erased."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils import timezone

from accounts.models import User
from kyc.models import Document
from vault import files

log = logging.getLogger(__name__)

ROOT = "documents"
# A file is stored before its row is written: a young one may still get it.
GRACE = timedelta(days=1)
# The sweep by the clock: a database that is restored from a month ago still finds every file that it names.
LONG_GRACE = timedelta(days=30)
# More than so many, and more than a tenth of all: that is another database's storage, nothing left behind.
MANY, MANY_SHARE = 100, 0.1
# Where each installation leaves its mark beside the files.
MARKS = "installations"
_CHUNK = 500
_COPY = re.compile(r"\.page\d{1,3}\.sealed$")


def sweep_by_the_clock() -> int:
    """The daily sweep; how many files were removed.

    None while a restore is recovered from, where another installation uses the same storage, and where so
    much belongs to nobody that the storage is another's.
    """
    storage = storages["documents"]
    if settings.RECOVERY_EPOCH_MS is not None:
        return _left_alone("recovery")
    if _others_marks(storage):
        return _left_alone("shared_storage")
    found = _orphans(storage, timezone.now() - LONG_GRACE)
    if len(found.names) > max(MANY, MANY_SHARE * found.seen):
        return _left_alone("too_many", orphans=len(found.names), files=found.seen)
    for name in found.names:
        files.remove(name)
    if found.names:
        log.warning("files_swept count=%s of=%s", len(found.names), found.seen)
    return len(found.names)


def sweep_files(*, now: datetime, is_dry: bool = False) -> list[str]:
    """The names of stored files that are older than a day and belong to no document; removed, unless dry."""
    found = _orphans(storages["documents"], now - GRACE)
    if not is_dry:
        for name in found.names:
            files.remove(name)
    return found.names


def _left_alone(reason: str, **numbers: int) -> int:
    told = "".join(f" {name}={number}" for name, number in numbers.items())
    log.warning("files_not_swept reason=%s%s", reason, told)
    return 0


def _others_marks(storage: Storage) -> bool:
    """Whether another installation's mark lies there, with our own made where it was not."""
    mine = User.objects.machine().pk.hex
    try:
        marks = storage.listdir(MARKS)[1]
    except FileNotFoundError:
        marks = []
    if mine not in marks:
        storage.save(f"{MARKS}/{mine}", ContentFile(b"\n"))
    return any(mark != mine for mark in marks)


@dataclass(slots=True)
class _Found:
    """The files that belong to nobody, and how many were looked at."""

    names: list[str] = field(default_factory=list)
    seen: int = 0


def _orphans(storage: Storage, before: datetime) -> _Found:
    """Those that were written before that time. The row is asked for after the file was seen."""
    found, stored = _Found(), _stored(storage, ROOT)
    while names := list(islice(stored, _CHUNK)):
        originals = {_original_of(name) for name in names}
        owned = set(Document.objects.filter(file__in=originals).values_list("file", flat=True))
        found.seen += len(names)
        found.names += [
            name
            for name in names
            if _original_of(name) not in owned and storage.get_modified_time(name) < before
        ]
    return found


def _original_of(name: str) -> str:
    """The name of the file that this one is, or is a copy of: `….page0.sealed` of `….sealed`."""
    return _COPY.sub(".sealed", name)


def _stored(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        yield f"{folder}/{name}"
    for below in folders:
        yield from _stored(storage, f"{folder}/{below}")
