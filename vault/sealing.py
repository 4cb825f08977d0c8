"""Text sealed by the portal's own keys, for what has no data key of an owner: sessions, second factors.

    <key version>.<base64 of the sealed value>

The key is derived per purpose, and the value is bound to its cell, so that neither opens in another's place.
"""

import base64
import binascii

from vault.envelope import CannotOpen, DataKey
from vault.keys import key_for, keyring


def seal_text(purpose: str, cell: str, plain: str) -> str:
    """`plain`, sealed under the newest key for `purpose` and bound to `cell`."""
    version = keyring().current
    sealed = _cipher(purpose, version).seal(_bound(purpose, cell), plain.encode())
    return f"{version}.{base64.urlsafe_b64encode(sealed).decode()}"


def open_text(purpose: str, cell: str, sealed: str) -> str:
    """What was sealed; CannotOpen if it is another purpose's or cell's, was changed, or its key is gone."""
    number, _, body = sealed.partition(".")
    try:
        cipher = _cipher(purpose, int(number))
        return cipher.open(_bound(purpose, cell), base64.urlsafe_b64decode(body)).decode()
    except KeyError:
        raise CannotOpen(f"PORTAL_KEYS no longer lists version {number}") from None
    except (ValueError, binascii.Error):
        raise CannotOpen("not a sealed text of a known format") from None


def key_version(sealed: str) -> int:
    """Under which version of PORTAL_KEYS it was sealed; 0 for what is no sealed text."""
    number = sealed.partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _cipher(purpose: str, version: int) -> DataKey:
    return DataKey(key_for(f"sealing/{purpose}", version))


def _bound(purpose: str, cell: str) -> bytes:
    return f"{purpose}:{cell}".encode()
