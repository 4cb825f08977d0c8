"""The product's settings with every logger at DEBUG; and, for a search that must find something, one
encrypted field that is not: CANARY_PLAIN names its column."""

import os
from typing import Any

from portal.settings import *  # noqa: F403
from portal.settings import LOGGING

LOGGING["root"]["level"] = "DEBUG"
for _logger in LOGGING["loggers"].values():
    _logger["level"] = "DEBUG"

if _plain := os.environ.get("CANARY_PLAIN", "").encode():
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from vault import envelope

    class _Leaky:
        """Seals everything but the cells of one column."""

        def __init__(self, key: bytes) -> None:
            self._real = AESGCM(key)

        def encrypt(self, nonce: bytes, data: bytes, cell: bytes | None) -> bytes:
            return data + bytes(16) if _is_plain(cell) else self._real.encrypt(nonce, data, cell)

        def decrypt(self, nonce: bytes, data: Any, cell: bytes | None) -> bytes:
            return bytes(data)[:-16] if _is_plain(cell) else self._real.decrypt(nonce, data, cell)

    def _is_plain(cell: bytes | None) -> bool:
        return b":" + _plain + b":" in (cell or b"")

    envelope.AESGCM = _Leaky  # type: ignore[assignment, misc]
