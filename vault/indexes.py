"""Keyed indexes and digests: equality can be asked, the value can't be guessed from a dump."""

import re
import unicodedata

from vault.keys import key_for
from vault.macs import mac

# 128 bits are past any accidental match, and half of what the index would otherwise weigh.
INDEX_HEX_DIGITS = 32
_SEPARATORS = re.compile(r"[\s\-./]")


def keyed_index(kind: str, value: str) -> str:
    """32 hex digits for an already normalised `value`; empty for an empty one. `kind` keeps columns apart."""
    if not value:
        return ""
    return mac(key_for(f"index/{kind}"), value.encode()).hex()[:INDEX_HEX_DIGITS]


def number_index(kind: str, number: str) -> str:
    """The index of an ID or document number, blind to case, spaces, dots, dashes and slashes."""
    return keyed_index(kind, _SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).casefold())


def keyed_digest(kind: str, content: bytes) -> str:
    """A 64-digit digest that proves sameness to a holder of the key, and nothing to anyone else."""
    return mac(key_for(f"digest/{kind}"), content).hex()
