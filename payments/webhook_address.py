"""The webhook that one payment reference alone has: its address, its secret, and how it is found by them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

# 002:2707: plain text and no authentication are never asked for.
TOKEN_BYTES, SECRET_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class Webhook:
    """`digest`: by which a token that somebody knocks with is looked up; nobody finds the token by it."""

    url: str
    secret: str
    digest: str


def new_webhook() -> Webhook:
    """An address with 128 random bits under PORTAL_URL, and 256 random bits to sign with."""
    token = secrets.token_hex(TOKEN_BYTES)
    url = settings.PORTAL_URL + reverse("payment-webhook", args=[token])
    return Webhook(url, secrets.token_urlsafe(SECRET_BYTES), digest_of(token))


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
