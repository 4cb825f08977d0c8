"""Two merchants, each with one of everything, and one person per column of the matrix.

Whatever a request changes is taken back after it, so that every cell meets the same scene.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Invitation, Proposal, User
from customers.choices import Origin, Stage
from customers.models import Customer, Merchant, Ubo
from exchange.outbox.choices import Topic
from exchange.outbox.models import Intent
from kyc.drift.choices import RunState
from kyc.drift.models import DriftRow, DriftRun
from kyc.models import Document
from kyc.warnings import open_warnings
from tests import factories
from tests.accounts.people import a_person
from tests.accounts.signing_in import enrol_app

OWN, OTHER = "CCT0000000001", "CCT0000000002"
# The columns of the matrix: for the one merchant, or (+) for all of them.
SCOPED = ("viewer", "agent", "officer", "auditor", "operator")
EVERYWHERE = ("officer+", "auditor+", "operator+", "administrator")
PEOPLE = ("no_mfa", "no_role", *SCOPED, *EVERYWHERE)
COLUMNS = ("anonymous", *PEOPLE)


@dataclass
class Belongings:
    """What one merchant has: customers at different stages, and what hangs on them."""

    merchant: Merchant
    draft: Customer
    complete: Customer
    submitted: Customer
    business: Customer
    ubo: Ubo
    document: Document
    intent: Intent
    drift_row: DriftRow
    proposal: Proposal
    ending: Proposal
    warning_key: str


@dataclass
class Scene:
    own: Belongings
    other: Belongings
    people: dict[str, User]
    maker: User
    somebody: User
    stopped: User
    role_proposal: Proposal
    invitation: Invitation

    def of(self, side: str) -> Belongings:
        return self.own if side == "own" else self.other


def make_scene() -> Scene:
    """The rows of it, made without the gate and the rules: a second's work."""
    maker = a_person("maker@aggregator.example", "agent", "officer", "administrator", name="Maker")
    own = Merchant.objects.create(uid=OWN, name="Corner Shop")
    other = Merchant.objects.create(uid=OTHER, name="Other Shop")
    run = DriftRun.objects.create(
        requested_by=maker, state=RunState.DONE, started_at=timezone.now(), finished_at=timezone.now()
    )
    somebody = a_person("somebody@aggregator.example", "viewer", name="Somebody")
    return Scene(
        own=_belongings(own, maker, run),
        other=_belongings(other, maker, run),
        people=_people(),
        maker=maker,
        somebody=somebody,
        stopped=User.objects.create_user("stopped@aggregator.example", is_active=False),
        role_proposal=Proposal.objects.create(
            action="role.change",
            subject_type="user",
            subject_id=somebody.pk,
            key="give:agent:*",
            details={"kind": "give", "role": "agent", "merchant": None},
            made_by=maker,
            reason="Moves over.",
        ),
        invitation=Invitation.objects.create(
            user=a_person("invited@aggregator.example"),
            invited_by=maker,
            expires_at=timezone.now() + timedelta(days=7),
        ),
    )


def _people() -> dict[str, User]:
    people = {
        "no_mfa": a_person("nomfa@aggregator.example", "officer", "administrator"),
        "no_role": a_person("norole@aggregator.example"),
    }
    for role in SCOPED:
        people[role] = a_person(f"{role}@own.example", role, merchants=(OWN,))
    for column in EVERYWHERE:
        people[column] = a_person(f"{column.strip('+')}@all.example", column.strip("+"))
    for column, user in people.items():
        if column != "no_mfa":
            enrol_app(user)
    return people


def _belongings(merchant: Merchant, maker: User, run: DriftRun) -> Belongings:
    def individual(**fields: Any) -> Customer:
        fields = {"nationality": "GB", "id_number": f"P{uuid.uuid4().hex[:8]}", **fields}
        return factories.make_customer(
            merchant=merchant,
            origin=Origin.FORM,
            made_by=maker,
            phone_number=f"+2782{uuid.uuid4().int % 10**7:07d}",
            doc_type="Passport",
            doc_number="M00123456",
            doc_expire=timezone.localdate() + timedelta(days=900),
            **fields,
        )

    draft = individual(nationality="ZA", id_number="9002086471086")
    complete = individual(stage=Stage.COMPLETE)
    for doc_type in factories.PERSON_DOCUMENTS:
        document = factories.make_document(complete, doc_type)
    submitted = individual()
    factories.make_document(submitted, "Selfie")
    factories.submit(submitted)
    intent = Intent.objects.get(lane_id=submitted.pk, topic=Topic.CREATE)
    Intent.objects.filter(pk=intent.pk).update(
        state="waiting_for_staff", reason="refused_by_exchange", http_status=422, error_code="refused"
    )
    business = factories.make_customer(merchant=merchant, entity_type="business", made_by=maker)
    (warning,) = [
        row for row in open_warnings(draft, today=timezone.localdate()) if row.problem.code == "check_digit"
    ]
    return Belongings(
        merchant=merchant,
        draft=draft,
        complete=complete,
        submitted=submitted,
        business=business,
        ubo=factories.make_ubo(business),
        document=document,
        intent=Intent.objects.get(pk=intent.pk),
        drift_row=DriftRow.objects.create(
            run=run, kind="only_there", code="stranger", uid=f"CCT9{merchant.uid}", merchant_uid=merchant.uid
        ),
        proposal=_proposal(merchant, business, maker, "document.waive", "Tax Statement"),
        ending=_proposal(merchant, business, maker, "customer.close", ""),
        warning_key=warning.key,
    )


def _proposal(merchant: Merchant, customer: Customer, maker: User, action: str, key: str) -> Proposal:
    return Proposal.objects.create(
        action=action,
        subject_type="customer",
        subject_id=customer.pk,
        key=key,
        merchant_uid=merchant.uid,
        customer_id=customer.pk,
        made_by=maker,
        reason="Proposed.",
    )
