"""The correlation token: what makes a customer of ours recognisable at the exchange."""

import base64
import hmac

from vault.keys import key_for

# 50 bits: among a million customers an accidental match has odds of one in 2,000; the local
# unique constraint shows it before anything is sent.
TOKEN_CHARACTERS = 10


def correlation_token(merchant_uid: str, entity_type: str, email: str) -> str:
    """Ten base32 characters, the same whenever they are computed again from the same three values.

    Derived, not drawn: a portal restored from a backup finds what it created after the backup.
    """
    text = f"{merchant_uid}|{entity_type}|{email.casefold()}".encode()
    digest = hmac.digest(key_for("token"), text, "sha256")
    # Five bytes make eight characters; what the rest would add is cut off anyway.
    return base64.b32encode(digest[:10]).decode()[:TOKEN_CHARACTERS]
