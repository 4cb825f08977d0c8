"""What is shown to be let in: a token, the link of a letter, a security key. For the cases of the matrix that
end with one of these words.

    right, wrong    METRICS_TOKEN is set, and this one is sent; an event of the exchange, signed so
    asked           METRICS_TOKEN is set, and none is sent
    good            the link of a letter that somebody was sent: the asker (own) or another person (other)
    key             a security key of the asker's (own) or of another person's (other)
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test.client import BOUNDARY, encode_multipart
from django.urls import reverse

from accounts.invitations import link_of
from accounts.models import User
from payments.models import PaymentReference
from payments.webhook_address import new_webhook
from tests.authz.scene import Scene

METRICS_TOKEN = "the token of the scrapes"  # noqa: S105
NEW_PASSWORD = "four words unrelated here"  # noqa: S105
WORDS = ("right", "wrong", "asked", "good", "key")


@dataclass(frozen=True)
class Shown:
    """`arguments` of the address, `headers`, the `data` of a POST, `settings` that are in force, and `first`:
    the address that is opened before."""

    arguments: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    first: str = ""


def shown(route: str, method: str, word: str, asker: User | None, side: str, scene: Scene) -> Shown:
    """What the case shows. Makes rows; whoever asks takes them back."""
    whose = (asker if side == "own" else None) or scene.maker
    match route:
        case "metrics":
            token = {"right": METRICS_TOKEN, "wrong": "another token", "asked": ""}[word]
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return Shown(headers=headers, settings={"METRICS_TOKEN": METRICS_TOKEN})
        case "payment-webhook":
            reference = _payment_reference(scene)
            secret = reference.webhook_secret if word == "right" else "another secret"
            # What the test client makes of no data.
            event = encode_multipart(BOUNDARY, {})
            proof = base64.b64encode(hmac.digest(secret.encode(), event, "sha256")).decode()
            token = reference.webhook_url.rstrip("/").rpartition("/")[2]
            return Shown({"token": token}, headers={"X-Auth-Webhook": proof})
        case "invitation-link" | "invitation":
            link = link_of(scene.invitation)
            path = link[link.index("/accounts/") :]
            passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
            token = path.rstrip("/").rpartition("/")[2]
            return Shown({"token": token}, data=passwords, first=path if route == "invitation" else "")
        case "account_reset_password_from_key":
            link = {"uidb36": user_pk_to_url_str(whose), "key": default_token_generator.make_token(whose)}
            if method == "GET":
                return Shown(link)
            passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
            return Shown(link | {"key": "set-password"}, data=passwords, first=reverse(route, kwargs=link))
        case "mfa_remove_webauthn":
            made = Authenticator.objects.create(
                user=whose, type=Authenticator.Type.WEBAUTHN, data={"name": "Desk", "credential": {}}
            )
            return Shown({"pk": made.pk})
    raise KeyError(route)


def _payment_reference(scene: Scene) -> PaymentReference:
    webhook = new_webhook()
    return PaymentReference.objects.create(
        customer=scene.own.submitted,
        own_reference="INV-1",
        currency="zar",
        webhook_url=webhook.url,
        webhook_secret=webhook.secret,
        hook_digest=webhook.digest,
        requested_by=scene.maker,
    )
