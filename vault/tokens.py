"""The correlation token: what makes a customer of ours recognisable at the exchange."""

from vault.lasting import lasting_key
from vault.macs import mac

# 50 bits: among a million customers an accidental match has odds of one in 2,000; the local
# unique constraint shows it before anything is sent.
TOKEN_CHARACTERS = 10
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# Two characters at a time: base64.b32encode would make the larger half of a token's time.
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]


def correlation_token(merchant_uid: str, entity_type: str, email: str) -> str:
    """Ten base32 characters, the same whenever they are computed again from the same three values.

    Derived, not drawn: a portal restored from a backup finds what it created after the backup.
    """
    text = f"{merchant_uid}|{entity_type}|{email.casefold()}".encode()
    digest = mac(lasting_key("token"), text)
    bits = int.from_bytes(digest[:7], "big") >> 6
    return "".join([_PAIRS[bits >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
