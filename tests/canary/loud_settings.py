"""The product's settings with every logger at DEBUG; and, for a search that must find something, leaks.

CANARY_PLAIN names the column of an encrypted field that is not; CANARY_LEAKS the places, of `log`,
`temporary` and `broker`, to which whatever is sealed is told.
"""

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

if _leaks := set(filter(None, os.environ.get("CANARY_LEAKS", "").split(","))):
    import logging
    import tempfile

    from vault.fields import EncryptedTextField

    _sealed: list[str] = []
    _to_bytes = EncryptedTextField.to_bytes

    def _telling(self: EncryptedTextField, value: Any) -> bytes:
        plain = _to_bytes(self, value)
        _sealed.append(plain.decode())
        if "log" in _leaks:
            logging.getLogger("kyc.leak").info("sealed under=%s", _sealed[-1])
        if "temporary" in _leaks:
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(plain)
        return plain

    EncryptedTextField.to_bytes = _telling  # type: ignore[method-assign]

    if "broker" in _leaks:
        from celery.signals import before_task_publish

        @before_task_publish.connect(weak=False)
        def _with_a_header(headers: dict[str, Any], **_details: object) -> None:
            headers["leak"] = " ".join(_sealed)
