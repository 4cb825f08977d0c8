"""A person's documents: identity front, its back where the type has one, selfie, proof of address.

002:2316-2341 for individuals, 002:2570-2592 for UBOs.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from kyc.doc_types import IDENTITY_FRONTS, PROOF_OF_ADDRESS, SELFIE, backs_of
from kyc.requirements.documents import document_row, find
from kyc.requirements.facts import DocumentFacts, Facts, OwnerFacts
from kyc.requirements.rows import Requirement


def person_rows(facts: Facts, person: OwnerFacts) -> list[Requirement]:
    """The three or four rows of one person, an individual customer or a UBO."""
    front = _front(person)
    front_type = front.doc_type if front else person.declared
    rows = [
        document_row(
            facts,
            person,
            code="identity",
            title=_("Identity document"),
            held=front,
            wanted=person.declared,
            remedy=_("Hand in the front of the %(doc_type)s.") % {"doc_type": person.declared}
            if person.declared
            else _("Hand in a passport, or the front of an identity card or driver license."),
        )
    ]
    if backs := backs_of(front_type):
        rows.append(
            document_row(
                facts,
                person,
                code="identity_back",
                title=_("Back of the identity document"),
                held=find(person.documents, backs),
                wanted=backs[0],
                remedy=_("Hand in the other side as “%(doc_type)s”: a %(front)s has two.")
                % {"doc_type": backs[0], "front": front_type},
            )
        )
    rows.append(
        document_row(
            facts,
            person,
            code="selfie",
            title=_("Selfie with the identity document"),
            held=find(person.documents, (SELFIE,)),
            wanted=SELFIE,
            remedy=_("Hand in a photograph of the person holding the identity document."),
        )
    )
    rows.append(
        document_row(
            facts,
            person,
            code="proof_of_address",
            title=_("Proof of address"),
            held=find(person.documents, (PROOF_OF_ADDRESS,)),
            wanted=PROOF_OF_ADDRESS,
            remedy=_("Hand in a utility bill, bank statement or lease from the last three months."),
        )
    )
    return rows


def _front(person: OwnerFacts) -> DocumentFacts | None:
    """The identity document that serves: a complete one first, of these the one the data names."""

    def rank(document: DocumentFacts) -> tuple[bool, bool, bool]:
        backs = backs_of(document.doc_type)
        is_one_sided_yet = bool(backs) and find(person.documents, backs) is None
        return is_one_sided_yet, bool(document.problems), document.doc_type != person.declared

    fronts = [document for document in person.documents if document.doc_type in IDENTITY_FRONTS]
    return min(fronts, key=rank, default=None)
