"""Every route with an address in the scene, and what a request to it sends: what would be done by somebody
who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver

from tests.authz.scene import Belongings, Scene
from tests.factories import JPEG

WHY = {"reason": "As agreed."}
MASKED = {"in": "customer", "field": "id_number"}


def routes() -> dict[str, str]:
    """Every route that the resolver knows: its name with its namespace, and its pattern.

    Those without a name stand by their pattern."""
    return dict(_walk(get_resolver().url_patterns))


def _walk(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(
                pattern.url_patterns, path, f"{space}{pattern.namespace}:" if pattern.namespace else space
            )
        elif isinstance(pattern, URLPattern):
            yield (f"{space}{pattern.name}" if pattern.name else path), path


def arguments(name: str, scene: Scene, mine: Belongings, state: str) -> dict[str, Any]:
    """The arguments of the route's address: of `mine`, at the stage `state` where it has one."""
    customer = getattr(mine, state) if state in ("draft", "complete", "submitted") else mine.complete
    if name == "customer-waive":
        customer = mine.business if state in ("", "draft") else customer
    proposals = {"ending": mine.ending, "role": scene.role_proposal}
    return {
        "customer_id": customer.pk,
        "document_id": mine.document.pk,
        "reference": customer.reference,
        "intent_id": mine.intent.pk,
        "row_id": mine.drift_row.pk,
        "uid": mine.merchant.uid,
        "proposal_id": proposals.get(state, mine.proposal).pk,
        "user_id": (scene.stopped if name == "person-start" else scene.somebody).pk,
        "invitation_id": scene.invitation.pk,
        "object_id": mine.merchant.pk,
        "number": 0,
        "pk": 1,
        "token": "not-a-token",
        "uidb36": "1",
        "key": "not-a-key",
        "content_type_id": 1,
        "app_label": "customers",
        "url": "nothing/",
        "name": {"intent-decide": state or "give-up", "customer-relationship-decide": "closed"}.get(name, ""),
    }


def query(name: str) -> dict[str, str]:
    """What a GET asks for."""
    return MASKED if name == "customer-mask" else {}


def body(name: str, scene: Scene, mine: Belongings) -> dict[str, Any]:
    """What a POST sends: keyword arguments of the client's `post`."""
    match name:
        case "api-customers":
            sent = {**_API_CUSTOMER, "merchant_uid": mine.merchant.uid}
            return {"data": json.dumps(sent), "content_type": "application/json"}
        case "customer-accept-warning":
            return {"data": {"key": mine.warning_key, **WHY}}
        case "customer-waive":
            return {"data": {"doc_type": "Business License", **WHY}}
        case "customer-add-document":
            file = SimpleUploadedFile("scan.jpg", JPEG, content_type="image/jpeg")
            return {"data": {"doc_type": "Selfie", "file": file}}
        case "customer-reveal":
            return {"data": {**MASKED, **WHY}}
        case "api-customer-reveal":
            sent = {"subject": "", "field": "id_number", **WHY}
            return {"data": json.dumps(sent), "content_type": "application/json"}
        case "person-role":
            return {"data": {"change": "give", "role": "officer", "merchant": "", **WHY}}
        case "invitations":
            return {"data": {"email": "new@aggregator.example"}}
        case "merchant-detail":
            return {"data": {"contact_name": "Sam", "contact_email": "", "contact_phone": "", "notes": ""}}
        case "admin:customers_merchant_change":
            return {"data": {"settings": "{}"}}
    return {"data": dict(WHY)}


_API_CUSTOMER = {
    "reference": "API-1",
    "entity_type": "individual",
    "email": "api@example.com",
    "phone_number": "+27825550199",
    "first_name": "Lerato",
    "last_name": "Mokoena",
    "dob": "1990-02-08",
    "address": "350 Moon Street",
    "postcode": "7350",
    "city": "Gqeberha",
    "country": "ZA",
    "nationality": "GB",
    "country_of_residence": "ZA",
    "id_number": "P530009999",
    "occupation": "Historian",
    "source_of_funds": "Salary or Wages",
}
