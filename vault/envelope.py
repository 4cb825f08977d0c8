"""Envelope encryption: AES-256-GCM, one data key per customer, each value bound to its cell.

A data key is stored wrapped by the portal's key; a value is stored sealed by the data key. Both
carry what they belong to as authenticated data, so a blob copied to another row, column or table
does not open.

    wrapped = 0x01 | key version (2 bytes) | nonce (12) | data key and tag (48)
    sealed  = 0x01 | data key version (1)  | nonce (12) | value and tag
"""

import hmac
import os
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.keys import KEY_BYTES, key_for, keyring

FORMAT = 1
# The data key's own generation. Rewrapping under a new portal key leaves it as it is.
DATA_KEY_VERSION = 1
NONCE_BYTES = 12
SEALED_HEAD = bytes((FORMAT, DATA_KEY_VERSION))


class CannotOpen(Exception):
    """A value does not open: wrong key, wrong cell, damaged, or its data key was destroyed."""


class DataKey:
    """A customer's key, unwrapped. Seals and opens that customer's values; never printed."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes) -> None:
        self._cipher, self._key = AESGCM(key), key

    def digest(self, kind: str, content: bytes) -> str:
        """64 hex digits that prove sameness among one owner's values; gone with the key. `kind`: which
        field."""
        own = hmac.digest(self._key, f"digest/{kind}".encode(), "sha256")
        return hmac.digest(own, content, "sha256").hex()

    def seal(self, cell: bytes, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return SEALED_HEAD + nonce + self._cipher.encrypt(nonce, plain, cell)

    def seal_row(self, cells: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """`seal` for many (cell, plain) at once: each has a nonce of its own, drawn together."""
        encrypt, drawn = self._cipher.encrypt, os.urandom(NONCE_BYTES * len(cells))
        sealed = []
        for place, (cell, plain) in enumerate(cells):
            nonce = drawn[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
            sealed.append(SEALED_HEAD + nonce + encrypt(nonce, plain, cell))
        return sealed

    def open(self, cell: bytes, sealed: bytes) -> bytes:
        if sealed[:2] != SEALED_HEAD:
            raise CannotOpen("not a sealed value of a known format")
        try:
            # A view: a file's bytes are not copied once more.
            body = memoryview(sealed)[2 + NONCE_BYTES :]
            return self._cipher.decrypt(sealed[2 : 2 + NONCE_BYTES], body, cell)
        except (InvalidTag, ValueError):  # ValueError: so much is cut off that there is no nonce
            raise CannotOpen("the value does not belong to this cell, or was changed") from None


def cell_name(table: str, column: str, pk: object) -> bytes:
    """What a sealed value is bound to: table, column, primary key, data key version."""
    return f"{table}:{column}:{pk}:{DATA_KEY_VERSION}".encode()


def row_cells(table: str, columns: Iterable[str], pk: object) -> list[bytes]:
    """`cell_name` of several columns of one row."""
    row = f":{pk}:{DATA_KEY_VERSION}"
    return [f"{table}:{column}{row}".encode() for column in columns]


def new_data_key(owner: str) -> tuple[DataKey, bytes]:
    """A fresh data key for `owner` (`customers_customer:<uuid>`), and its wrapped form to store."""
    drawn = os.urandom(KEY_BYTES + NONCE_BYTES)
    key, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
    return DataKey(key), _wrapped(key, nonce, owner)


def rewrap(wrapped: bytes, owner: str) -> bytes:
    """The same data key, wrapped under the newest version: what it sealed stays as it is. CannotOpen as
    `unwrap`."""
    return _wrapped(unwrap(wrapped, owner)._key, os.urandom(NONCE_BYTES), owner)


def key_version(wrapped: bytes) -> int:
    """Under which version of PORTAL_KEYS a data key is wrapped; 0 where it was destroyed."""
    return int.from_bytes(wrapped[1:3], "big")


def _wrapped(key: bytes, nonce: bytes, owner: str) -> bytes:
    version = keyring().current
    body = _wrapping(key_for("wrap", version)).encrypt(nonce, key, _wrap_cell(owner, version))
    return struct.pack(">BH", FORMAT, version) + nonce + body


def unwrap(wrapped: bytes, owner: str) -> DataKey:
    """The data key in `wrapped`; CannotOpen if it is another owner's, damaged, or its key is gone."""
    if len(wrapped) < 3 + NONCE_BYTES or wrapped[0] != FORMAT:
        raise CannotOpen("no data key: it was destroyed, or is of an unknown format")
    version = key_version(wrapped)
    try:
        wrapping = _wrapping(key_for("wrap", version))
    except KeyError:
        raise CannotOpen(f"PORTAL_KEYS no longer lists version {version}") from None
    nonce, body = wrapped[3 : 3 + NONCE_BYTES], wrapped[3 + NONCE_BYTES :]
    try:
        return DataKey(wrapping.decrypt(nonce, body, _wrap_cell(owner, version)))
    except InvalidTag:
        raise CannotOpen("the data key does not belong to this owner, or was changed") from None


@lru_cache(maxsize=8)
def _wrapping(key: bytes) -> AESGCM:
    return AESGCM(key)


def _wrap_cell(owner: str, version: int) -> bytes:
    return f"wrapped:{owner}:{version}".encode()
