"""The key that signs the heads of the audit chain: Ed25519, derived from the portal's keys.

The newest version of PORTAL_KEYS signs; heads of every listed version are trusted. A head of a version that
is gone is trusted through a later one: each names the hash of the one before.
"""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vault.keys import key_for, keyring

PURPOSE = "audit/head"


def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key_for(PURPOSE, keyring().current))


def trusted_keys() -> frozenset[str]:
    """The public keys of every version that PORTAL_KEYS lists, each as `public_text` has it."""
    return frozenset(
        public_text(Ed25519PrivateKey.from_private_bytes(key_for(PURPOSE, version)).public_key())
        for version, _key in keyring().versions
    )


def public_text(key: Ed25519PublicKey) -> str:
    """The 32 bytes of a public key, base64."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(payload: str) -> str:
    """The signature over the text's bytes, base64."""
    return base64.b64encode(signing_key().sign(payload.encode())).decode()


def is_signed(payload: str, signature: str, public: str) -> bool:
    """Whether `signature` is that of the key `public` (as `public_text`) over the text."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), payload.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
