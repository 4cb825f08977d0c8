"""Somebody who looks at every page, and breaks some: run within an installation, as a process of its own.

    python -m tests.canary.visitor MARKS FOLDER

Writes what was answered to `FOLDER/pages` and `FOLDER/errors`, and the names of encrypted fields in which no
mark stands to `FOLDER/unmarked.json`; to `FOLDER/unknown.json` those of secrets that the log would not know.
"""

import base64
import hmac
import json
import sys
from pathlib import Path
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import reverse  # noqa: E402

from accounts.models import AuditEntry, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from customers.merchant_contacts import CONTACT_FIELDS  # noqa: E402
from customers.models import SELF_UID, Customer  # noqa: E402
from exchange.outbox import NewIntent, enqueue  # noqa: E402
from exchange.outbox.choices import Topic  # noqa: E402
from kyc.models import Document  # noqa: E402
from payments.models import PaymentReference  # noqa: E402
from payments.webhook_address import digest_of  # noqa: E402
from tests.accounts.people import a_person  # noqa: E402
from tests.accounts.signing_in import sign_in_at_once  # noqa: E402
from vault.fields import EncryptedTextField  # noqa: E402


def main(marks: dict[str, Any], folder: Path) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    # Pages are shown as an installation shows them; on a fresh clone nobody has collected yet.
    settings.STATIC_ROOT = folder / "static"
    call_command("collectstatic", interactive=False, verbosity=0)
    user = a_person("visitor@aggregator.example", *Role)
    user.set_password(marks["secrets"]["password"])
    user.save()
    _seal_a_secret(user, marks["secrets"]["totp"])
    client = Client(raise_request_exception=False)
    sign_in_at_once(client, user)
    noted = {name: marks["sealed"][f"merchant.{name}"] for name in CONTACT_FIELDS}
    assert client.post(reverse("merchant-detail", args=[SELF_UID]), noted).status_code == 302
    _tell_of_a_payment(user, marks["sealed"])
    pages, errors = folder / "pages", folder / "errors"
    for place in (pages, errors):
        place.mkdir(parents=True)

    def keep(place: Path, answer: Any) -> None:
        number = len(list(place.iterdir()))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        head = "\n".join(f"{name}: {value}" for name, value in answer.items())
        (place / f"{number:03}-{answer.status_code}.txt").write_bytes(f"{head}\n\n".encode() + body)

    values = list({**marks["sealed"], **marks["named"]}.values())
    # The cache of the settings is not there, on purpose: see below.
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        for address in _addresses():
            keep(pages, client.get(address))
    for value in values:
        # What is looked for stands in the field again, so only the log is of interest here.
        client.get(reverse("customers"), {"q": value})
        client.get(reverse("audit"), {"q": value})
    for value in values:
        keep(errors, client.get(f"/nowhere/{value}/"))
        keep(errors, client.get(f"/customers/{value}/"))
        keep(errors, client.post("/api/customers/", data="{" + value, content_type="application/json"))
    _break(client, keep, errors, marks)
    (folder / "unknown.json").write_text(json.dumps(_unknown(marks["secrets"])))
    (folder / "unmarked.json").write_text(json.dumps(_unmarked(set(marks["sealed"].values()))))
    (folder / "trail.json").write_text(json.dumps(list(AuditEntry.objects.values()), default=str))


def _seal_a_secret(user: User, secret: str) -> None:
    from allauth.mfa.models import Authenticator

    from accounts.sign_in.second_factor import seal_secret

    data = {"secret": seal_secret(user, secret)}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)


def _tell_of_a_payment(user: User, sealed: dict[str, str]) -> None:
    """A payment reference whose webhook is marked; one event that is signed with its secret, and one that is
    not."""
    customer = Customer.objects.filter(uid__isnull=False).first()
    assert customer is not None
    body, secret = sealed["payment.event"].encode(), sealed["payment.webhook_secret"]
    reference = PaymentReference.objects.create(
        customer=customer,
        own_reference="INV-1",
        currency="zar",
        webhook_url=sealed["payment.webhook_url"],
        webhook_secret=secret,
        hook_digest=digest_of(sealed["payment.webhook_token"]),
        requested_by=user,
    )
    with transaction.atomic():
        topic = Topic.PAYMENT_REFERENCE.value
        enqueue([NewIntent(topic, reference.pk, customer.pk, customer.merchant.uid)])
    path = reverse("payment-webhook", args=[sealed["payment.webhook_token"]])
    proof = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    for signature, status in ((proof, 200), ("forged", 401)):
        answer = Client().post(
            path, body, content_type="application/json", headers={"X-Auth-Webhook": signature}
        )
        assert answer.status_code == status, answer.status_code
    assert Client().post(f"{path}x/", body, content_type="application/json").status_code == 404


def _addresses() -> list[str]:
    names = (
        "overview",
        "customers",
        "waiting",
        "sync",
        "sync-intents",
        "drift",
        "merchants",
        "audit",
        "retention",
        "people",
    )
    found = [reverse(name) for name in names]
    for customer in Customer.objects.all():
        found.append(reverse("customer-detail", args=[customer.pk]))
        found.append(f"/api/customers/{customer.reference}/requirements/")
    found += [reverse("document-detail", args=[document.pk]) for document in Document.objects.all()[:5]]
    return [*found, "/api/customers/", "/healthz"]


def _break(client: Client, keep: Any, errors: Path, marks: dict[str, Any]) -> None:
    """What a page asks for is not there; and one fails with personal data and every secret in what the error
    says and in what variables hold."""
    from portal.pages.customer import views

    values, secrets = list({**marks["sealed"], **marks["named"]}.values()), list(marks["secrets"].values())
    keep(errors, client.get("/readyz"))
    # Who signs in is counted, in the cache, which may be away. The form shows again whom one named, not how.
    somebody = Client(raise_request_exception=False)
    typed = {"login": "somebody@example.com", "password": values[-1]}
    keep(errors, somebody.post(reverse("account_login"), typed))

    def broken(*_args: Any, **_options: Any) -> None:
        held = {"everything": values, "settings": secrets}
        raise ValueError(f"could not show {values} of {held}")

    customer = Customer.objects.first()
    assert customer is not None
    views.customer_page = broken
    for debug in (False, True):
        # What a developer sees names source and kind; what it says is cleaned as far as that can be.
        settings.DEBUG = debug
        answer = client.get(reverse("customer-detail", args=[customer.pk]), {"q": values[0]})
        assert answer.status_code == 500, answer.status_code
        if not debug:
            keep(errors, answer)
    settings.DEBUG = False


def _unknown(secrets: dict[str, str]) -> list[str]:
    """The secrets that the filter of the log would let through. Nobody's password and nobody's second factor
    is known to the process."""
    from portal.log_cleaning import cleaned

    known = {name: mark for name, mark in secrets.items() if name not in ("password", "totp")}
    return [name for name, mark in known.items() if mark in cleaned(f"said {mark} by mistake")]


def _unmarked(marks: set[str]) -> list[str]:
    """Encrypted fields of which no row holds a mark."""
    found = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                held = {str(getattr(row, field.name)) for row in model._default_manager.all()}
                if not held & marks:
                    found.append(f"{model.__name__}.{field.name}")
    return found


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
