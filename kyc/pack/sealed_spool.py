"""A temporary file that can be read from anywhere in it and that tells a thief of the disk nothing.

A table inside a zip can only be read from its beginning, and rows of `ubos` and `documents` are needed in
the order of `customers`. So it is unpacked once, under a key that lives in this process alone.
"""

import os
import tempfile
from collections.abc import Iterable
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from kyc.pack.own_place import OwnPlace, buffered

_BLOCK = 16


class SealedSpool(OwnPlace):
    """Written once by `fill`, then read and sought like any binary file."""

    def __init__(self) -> None:
        super().__init__(tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
        self._key = AES(os.urandom(32))

    def fill(self, chunks: Iterable[bytes]) -> None:
        # The key is used for this one file, so the counter may begin at nought.
        cipher = Cipher(self._key, CTR(bytes(_BLOCK))).encryptor()
        for chunk in chunks:
            self._file.write(cipher.update(chunk))
        self._file.flush()

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        place = self._position
        count = super().readinto(buffer)
        cipher = Cipher(self._key, CTR((place // _BLOCK).to_bytes(_BLOCK, "big"))).decryptor()
        cipher.update(bytes(place % _BLOCK))
        buffer[:count] = cipher.update(bytes(buffer[:count]))
        return count


def spooled(chunks: Iterable[bytes]) -> BinaryIO:
    spool = SealedSpool()
    spool.fill(chunks)
    return buffered(spool)
