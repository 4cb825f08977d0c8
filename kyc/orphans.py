"""Stored files that no row names: left behind when a transaction failed, or when a customer was erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.core.files.storage import Storage, storages

from kyc.models import Document
from vault import files

ROOT = "documents"
# A file is stored before its row is written: a young one may still get it.
GRACE = timedelta(days=1)
_CHUNK = 500


def sweep_files(*, now: datetime, is_dry: bool = False) -> list[str]:
    """The names of stored files that are older than a day and belong to no document; removed, unless dry."""
    storage = storages["documents"]
    orphans: list[str] = []
    stored = _stored(storage, ROOT)
    while names := list(islice(stored, _CHUNK)):
        owned = set(Document.objects.filter(file__in=names).values_list("file", flat=True))
        orphans += [name for name in names if name not in owned and _is_old(storage, name, now)]
    if not is_dry:
        for name in orphans:
            files.remove(name)
    return orphans


def _stored(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        yield f"{folder}/{name}"
    for below in folders:
        yield from _stored(storage, f"{folder}/{below}")


def _is_old(storage: Storage, name: str, now: datetime) -> bool:
    return storage.get_modified_time(name) < now - GRACE
