"""A temporary file that can be read from anywhere in it and that tells a thief of the disk nothing.

A table inside a zip can only be read from its beginning, and rows of `ubos` and `documents` are needed in
the order of `customers`. So it is unpacked once, under a key that lives in this process alone.
"""

import io
import os
import tempfile
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK = 16
BUFFER_BYTES = 64 * 1024


class SealedSpool(io.RawIOBase):
    """Written once by `fill`, then read and sought like any binary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._key = AES(os.urandom(32))
        self._position = 0

    def fill(self, chunks: Iterable[bytes]) -> None:
        # The key is used for this one file, so the counter may begin at nought.
        cipher = Cipher(self._key, CTR(bytes(_BLOCK))).encryptor()
        for chunk in chunks:
            self._file.write(cipher.update(chunk))
        self._file.flush()
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (self._file.seek(0, os.SEEK_END) if base is None else base)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        self._file.seek(self._position)
        sealed = self._file.read(len(buffer))
        cipher = Cipher(self._key, CTR((self._position // _BLOCK).to_bytes(_BLOCK, "big"))).decryptor()
        cipher.update(bytes(self._position % _BLOCK))
        plain = cipher.update(sealed)
        buffer[: len(plain)] = plain
        self._position += len(plain)
        return len(plain)

    def close(self) -> None:
        self._file.close()
        super().close()


def spooled(chunks: Iterable[bytes]) -> io.BufferedReader:
    spool = SealedSpool()
    spool.fill(chunks)
    return io.BufferedReader(spool, BUFFER_BYTES)
