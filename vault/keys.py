"""The portal's own keys: versioned, and never in the database.

`PORTAL_KEYS` is `1:<base64>[,2:<base64>…]`, each 32 random bytes. The highest version wraps new
data keys; every listed version still unwraps. What must stay the same for as long as the portal
lives (digests, the correlation token) is derived from the lowest version, and kept by the first
rotation, so that it can be taken away (`vault.lasting`).
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32


@dataclass(frozen=True)
class Keyring:
    """The live key versions. `versions` maps a version (1 to 65535) to its 32 bytes."""

    versions: tuple[tuple[int, bytes], ...]

    @property
    def current(self) -> int:
        return self.versions[-1][0]

    @property
    def oldest(self) -> int:
        return self.versions[0][0]

    def __repr__(self) -> str:
        return f"Keyring(versions={[version for version, _ in self.versions]})"


def parse_keys(text: str) -> Keyring:
    """The keyring written in `text`; ImproperlyConfigured says which entry is wrong, never its value."""
    versions: dict[int, bytes] = {}
    for place, entry in enumerate((part for part in text.split(",") if part.strip()), start=1):
        number, _, encoded = entry.strip().partition(":")
        try:
            version, key = int(number), base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise ImproperlyConfigured(f"PORTAL_KEYS entry {place} is not `version:base64`.") from None
        if not 1 <= version <= 65535 or version in versions:
            raise ImproperlyConfigured(f"PORTAL_KEYS entry {place}: each version is a number of its own.")
        if len(key) != KEY_BYTES:
            raise ImproperlyConfigured(f"PORTAL_KEYS version {version} must hold {KEY_BYTES} bytes.")
        versions[version] = key
    if not versions:
        raise ImproperlyConfigured("PORTAL_KEYS holds no key. See docs/operations.md, “Keys”.")
    return Keyring(tuple(sorted(versions.items())))


def ensure_key_file(path: Path) -> str:
    """The text of the key file at `path`; made with mode 600 the first time (embedded default only)."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    text = f"1:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
    # Written aside and linked: of two processes starting together one wins, and neither reads half a file.
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        text = path.read_text().strip()
    finally:
        aside.unlink()
    return text


@lru_cache(maxsize=4)
def _parsed(text: str) -> Keyring:
    return parse_keys(text)


def keyring() -> Keyring:
    return _parsed(settings.PORTAL_KEYS)


@lru_cache(maxsize=256)
def _key_for(text: str, purpose: str, version: int) -> bytes:
    return derived(dict(_parsed(text).versions)[version], purpose)


@lru_cache(maxsize=256)
def derived(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, of a key of as many."""
    # HKDF-Expand of RFC 5869 with one block: the input is already 32 uniform bytes.
    return hmac.new(key, f"portal/{purpose}".encode() + b"\x01", hashlib.sha256).digest()


def key_for(purpose: str, version: int) -> bytes:
    """32 bytes for one purpose, of a listed version; KeyError for any other."""
    return _key_for(settings.PORTAL_KEYS, purpose, version)
