"""The exported heads, read back from where they were exported to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.core.files.storage import FileSystemStorage, Storage, storages

from accounts.sealing_heads import Head, UnreadableHead, read_head_file


@dataclass(slots=True)
class Exports:
    """`unreadable`: names of files that are no heads."""

    heads: list[Head] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def read_exports(folder: Path | None = None) -> Exports:
    """Every exported head, of `folder` or of `AUDIT_HEADS`. Raises OSError, or what the storage raises."""
    storage: Storage = FileSystemStorage(location=str(folder)) if folder else storages["audit_heads"]
    found = Exports()
    for name in _names(storage, ""):
        if not name.endswith(".json"):
            continue
        with storage.open(name) as file:
            text = file.read().decode(errors="replace")
        try:
            head = read_head_file(text)
        except UnreadableHead:
            found.unreadable.append(name)
            continue
        found.heads.append(head)
    found.heads.sort(key=lambda head: (head.number, head.signed_at))
    return found


def _names(storage: Storage, folder: str) -> Iterator[str]:
    """The files of a folder and of those below it; none where the folder does not exist."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        yield from _names(storage, f"{folder}/{name}" if folder else name)
