"""Files held sealed: encrypted before they reach the storage, whichever storage that is.

A row may name a file only after `store` returned: by then it is durable and was read back.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from vault.envelope import CannotOpen, DataKey, cell_name


class DurableFileSystemStorage(FileSystemStorage):
    """Files on a local disk, complete or absent: written aside, synced, then named."""

    def _save(self, name: str, content: ContentFile) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: two may write the same copy at the same moment.
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in content.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name


def file_name(pk: UUID, part: str = "") -> str:
    """Where a file lies: named by its row's id alone, two folders deep so that none grows large.

    `part` names what was made of the row's file and lies beside it.
    """
    digits = pk.hex
    return f"documents/{digits[:2]}/{digits[2:4]}/{digits}{part and f'.{part}'}.sealed"


def store(key: DataKey, table: str, pk: UUID, content: bytes, *, part: str = "") -> str:
    """Seal `content` for row `pk` of `table`, store it, read it back; its name.

    Raises OSError or CannotOpen.
    """
    name = storages["documents"].save(
        file_name(pk, part), ContentFile(key.seal(cell_name(table, _column(part), pk), content))
    )
    try:
        if load(key, table, pk, name, part=part) != content:
            raise CannotOpen("the file read back differs from what was written")
    except BaseException:
        # No row will name it. What can't be removed either is swept later (kyc.orphans).
        with suppress(OSError):
            remove(name)
        raise
    return name


def load(key: DataKey, table: str, pk: UUID, name: str, *, part: str = "") -> bytes:
    """The plain bytes of a stored file. Raises FileNotFoundError or CannotOpen."""
    with storages["documents"].open(name) as file:
        return key.open(cell_name(table, _column(part), pk), file.read())


def _column(part: str) -> str:
    """What was made of a file is bound to being just that, and never opens as the file itself."""
    return f"file/{part}" if part else "file"


def remove(name: str) -> None:
    storages["documents"].delete(name)
