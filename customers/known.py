"""The rules that need the database, for many customers at once: a fixed number of queries, none per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from customers import any_of  # noqa: F401 - the look-up `any_of`
from customers.candidates import Candidate
from customers.indexes import ID_NUMBER, PHONE, Keys, keys_of_record, keys_to_find
from customers.models import Customer, Ubo
from customers.problems import ERROR, WARNING, Problem, shown_safely

# What a person may share with somebody else: the kind, and the field that a problem names.
EMAIL = "email_key"


class Person(NamedTuple):
    """A customer (`subject` "") or a UBO (`ubo:<email>`), by what is looked up in the column of that name.

    Several keys of one column are the same value's, under several versions of PORTAL_KEYS.
    """

    subject: str
    email: str
    email_key: Keys
    phone_index: Keys
    id_number_index: Keys


class Subject(NamedTuple):
    """One customer with its UBOs; the customer stands first. `customer_id` is None for a new one.

    `is_coming`: it will be registered, so that those after it in the batch are compared with it, too.
    """

    customer_id: UUID | None
    merchant_id: UUID | None
    people: tuple[Person, ...]
    is_coming: bool = False


class Holder(NamedTuple):
    """Who already has a key: a customer, or a UBO of one."""

    customer_id: UUID | None
    merchant_id: UUID | None
    is_ubo: bool


class Seen(Protocol):
    """Customers that are not in the database, though they are to be taken for known (in a dry run)."""

    def find(self, kind: str, keys: Iterable[str]) -> dict[str, list[Holder]]: ...

    def add(self, kind: str, key: str, holder: Holder) -> None: ...


def subject_of(candidate: Candidate) -> Subject:
    return Subject(
        candidate.customer_id,
        candidate.merchant.pk if candidate.merchant else None,
        (
            _person("", candidate.values),
            *(_person(f"ubo:{ubo.get('email', '')}", ubo) for ubo in candidate.ubos),
        ),
        is_coming=candidate.customer_id is None and not candidate.has_errors,
    )


def subject_of_record(customer: Customer, ubos: Iterable[Ubo]) -> Subject:
    """The same of a stored customer."""
    people = [Person("", customer.email, (customer.email_key,), *keys_of_record(customer))]
    people += [Person(f"ubo:{ubo.email}", ubo.email, (ubo.email_key,), *keys_of_record(ubo)) for ubo in ubos]
    return Subject(customer.pk, customer.merchant_id, tuple(people))


def _person(subject: str, values: dict[str, object]) -> Person:
    email_key = str(values[EMAIL])
    emails = (email_key,) if email_key else ()
    return Person(subject, str(values.get("email", "")), emails, *keys_to_find(values))


def check_candidates(candidates: Sequence[Candidate], seen: Seen | None = None) -> None:
    """Add to each candidate's problems what the database knows against it."""
    subjects = [subject_of(candidate) for candidate in candidates]
    for candidate, problems in zip(candidates, known_problems(subjects, seen), strict=True):
        candidate.problems += problems
        candidate.is_checked = True


def doubts_about(
    customers: Sequence[Customer], ubos: Mapping[UUID, Sequence[Ubo]]
) -> dict[UUID, list[Problem]]:
    """What the database knows about stored customers, by id; `ubos` by their customer's id."""
    subjects = [subject_of_record(customer, ubos.get(customer.pk, ())) for customer in customers]
    return {
        customer.pk: problems for customer, problems in zip(customers, known_problems(subjects), strict=True)
    }


def taken_references(references: Iterable[str]) -> dict[str, UUID]:
    """Which of these references are registered, and whose they are."""
    return dict(Customer.objects.filter(reference__any_of=references).values_list("reference", "id"))


def reference_taken(reference: str) -> Problem:
    return Problem(
        "reference_taken",
        "",
        "reference",
        ERROR,
        _("This reference is another customer's already."),
        _("Choose another one, or change the customer that has it."),
        shown_safely("reference", reference),
    )


def merchant_unknown(uid: str) -> Problem:
    return Problem(
        "merchant_unknown",
        "",
        "merchant_uid",
        ERROR,
        _("Neither the portal nor the exchange knows this merchant."),
        _("Correct the uid, or have the merchant registered at the exchange first."),
        shown_safely("merchant_uid", uid),
    )


def known_problems(subjects: Sequence[Subject], seen: Seen | None = None) -> list[list[Problem]]:
    """What speaks against each subject: an error for an e-mail taken within its merchant, else warnings.

    A subject is compared with the database, with `seen`, and with the subjects before it; never with itself.
    Six queries, whatever the number of subjects.
    """
    holders = {kind: _stored(kind, subjects) for kind in (EMAIL, PHONE, ID_NUMBER)}
    if seen is not None:
        for kind, found in holders.items():
            for key, others in seen.find(kind, _keys(kind, subjects)).items():
                found.setdefault(key, []).extend(others)
    answers = []
    for subject in subjects:
        answers.append(_judge(subject, holders))
        if not subject.is_coming:
            continue
        for place, person in enumerate(subject.people):
            holder = Holder(subject.customer_id, subject.merchant_id, place > 0)
            for kind, found in holders.items():
                for key in getattr(person, kind):
                    found.setdefault(key, []).append(holder)
                    if seen is not None:
                        seen.add(kind, key, holder)
    return answers


def _keys(kind: str, subjects: Sequence[Subject]) -> set[str]:
    return {key for subject in subjects for person in subject.people for key in getattr(person, kind)}


def _stored(kind: str, subjects: Sequence[Subject]) -> dict[str, list[Holder]]:
    keys = _keys(kind, subjects)
    found: dict[str, list[Holder]] = {}
    if not keys:
        return found
    # The indexes leave the blank ones out, and are used only where the question does so, too.
    customers = Customer.objects.filter(~Q(**{kind: ""}), **{f"{kind}__any_of": keys})
    for key, customer_id, merchant_id in customers.values_list(kind, "id", "merchant_id"):
        found.setdefault(key, []).append(Holder(customer_id, merchant_id, is_ubo=False))
    ubos = Ubo.objects.filter(~Q(**{kind: ""}), **{f"{kind}__any_of": keys})
    for key, customer_id, merchant_id in ubos.values_list(kind, "customer_id", "customer__merchant_id"):
        found.setdefault(key, []).append(Holder(customer_id, merchant_id, is_ubo=True))
    return found


def _judge(subject: Subject, holders: dict[str, dict[str, list[Holder]]]) -> list[Problem]:
    problems: list[Problem] = []
    for place, person in enumerate(subject.people):
        emails = _others(subject, holders[EMAIL], person.email_key)
        if place == 0:
            customers = [holder for holder in emails if not holder.is_ubo]
            if any(holder.merchant_id == subject.merchant_id for holder in customers):
                problems.append(
                    Problem(
                        "email_taken",
                        "",
                        "email",
                        ERROR,
                        _("Another customer of this merchant has this e-mail address."),
                        _("Give this customer's own address; each may be used once within a merchant."),
                        shown_safely("email", person.email),
                    )
                )
            elif customers:
                problems.append(_email_elsewhere(person))
        elif emails:
            problems.append(_email_elsewhere(person))
        if _others(subject, holders[PHONE], person.phone_index):
            problems.append(
                Problem(
                    "same_phone",
                    person.subject,
                    "phone_number",
                    WARNING,
                    _("Another customer has the same phone number."),
                    _("Check that they are two people, or accept it with a reason."),
                )
            )
        if _others(subject, holders[ID_NUMBER], person.id_number_index):
            problems.append(
                Problem(
                    "same_id_number",
                    person.subject,
                    "id_number",
                    WARNING,
                    _("Another customer has the same ID number."),
                    _("Check that it is not the same person twice, or accept it with a reason."),
                )
            )
    return problems


def _email_elsewhere(person: Person) -> Problem:
    return Problem(
        "email_elsewhere",
        person.subject,
        "email",
        WARNING,
        _("This e-mail address is used elsewhere in the portal."),
        _("Check that it is this person's own, or accept it with a reason."),
        shown_safely("email", person.email),
    )


def _others(subject: Subject, holders: Mapping[str, list[Holder]], keys: Keys) -> list[Holder]:
    """Those who have one of the keys, and are not the subject itself, nor a UBO of its."""
    found = [holder for key in keys if key in holders for holder in holders[key]]
    if subject.customer_id is None:
        return found
    return [holder for holder in found if holder.customer_id != subject.customer_id]
