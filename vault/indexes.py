"""Keyed indexes and digests: equality can be asked, the value can't be guessed from a dump.

What is looked up is indexed under a version of PORTAL_KEYS, and computed anew by a rotation; a look-up asks
under all that are listed (`vault.index_versions`). What can't be computed anew is keyed for good
(`vault.lasting`).
"""

import re
import unicodedata

from vault.keys import key_for, keyring
from vault.lasting import lasting_key
from vault.macs import mac

# 128 bits are past any accidental match, and half of what the index would otherwise weigh.
INDEX_HEX_DIGITS = 32
_SEPARATORS = re.compile(r"[\s\-./]")


def keyed_index(kind: str, value: str, version: int) -> str:
    """32 hex digits for an already normalised `value`; empty for an empty one. `kind` keeps columns apart."""
    if not value:
        return ""
    return mac(key_for(f"index/{kind}", version), value.encode()).hex()[:INDEX_HEX_DIGITS]


def number_index(kind: str, number: str, version: int) -> str:
    """The index of an ID or document number, blind to case, spaces, dots, dashes and slashes."""
    return keyed_index(kind, _bare(number), version)


def content_index(sha256: str, version: int) -> str:
    """64 hex digits for a file's content, by its SHA-256 in hex."""
    return mac(key_for("digest/content", version), sha256.encode()).hex()


def keyed_indexes(kind: str, value: str) -> tuple[str, ...]:
    """What to look for: the index under every listed version; nothing for an empty value."""
    return tuple(keyed_index(kind, value, version) for version, _key in keyring().versions) if value else ()


def number_indexes(kind: str, number: str) -> tuple[str, ...]:
    """The same of a number."""
    return keyed_indexes(kind, _bare(number))


def content_indexes(sha256: str) -> tuple[str, ...]:
    """The same of a file's content."""
    return tuple(content_index(sha256, version) for version, _key in keyring().versions)


def lasting_index(kind: str, value: str) -> str:
    """As `keyed_index`, the same for ever: for what holds no value that it could be computed from anew."""
    return mac(lasting_key(f"index/{kind}"), value.encode()).hex()[:INDEX_HEX_DIGITS] if value else ""


def keyed_digest(kind: str, content: bytes) -> str:
    """A 64-digit digest that proves sameness to a holder of the key, and nothing to anyone else. The same for
    ever."""
    return mac(lasting_key(f"digest/{kind}"), content).hex()


def _bare(number: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).casefold()
