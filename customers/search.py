"""Finding customers by what staff have at hand: a name, a reference, an e-mail address, a number."""

import re

from django.db.models import Q, QuerySet

from customers.models import Customer, Ubo
from customers.rules.phone import parse_phone
from customers.rules.reading import Refused
from vault.indexes import keyed_indexes, number_indexes

SEARCH_MAX = 200  # characters; more is cut off
_WORDS_MAX = 6
_LIKE_A_NUMBER = re.compile(r"[A-Z]{0,3}[\d\s\-./()+]{4,}[A-Z]?", re.IGNORECASE)


def search_customers(queryset: QuerySet, text: str) -> QuerySet:
    """Those of `queryset` that `text` names; all of them for blank text.

    With an @: the beginning of a customer's or beneficial owner's e-mail. Otherwise the beginning of a
    reference, a uid at the exchange, or words of a person's or company's name. What looks like a number is
    also looked up among ID, document and phone numbers; these are held encrypted, so only a whole number is
    found. Numbers of documents are found through `Customer.documents`.
    """
    text = text.strip()[:SEARCH_MAX]
    if not text:
        return queryset
    if "\x00" in text:
        # No column can hold it, and PostgreSQL refuses to be asked.
        return queryset.none()
    if "@" in text:
        folded = text.casefold()
        owners = Ubo.objects.filter(email_key__startswith=folded).values("customer_id")
        return queryset.filter(Q(email_key__startswith=folded) | Q(pk__in=owners))
    found = Q(reference__startswith=text) | Q(uid=text)
    if is_number := bool(_LIKE_A_NUMBER.fullmatch(text)):
        found |= _by_number(text)
    if not is_number or re.search(r"[a-z]", text, re.IGNORECASE):
        found |= _by_name(text.split()[:_WORDS_MAX])
    return queryset.filter(found)


def _by_number(text: str) -> Q:
    owned = Q(id_number_index__in=number_indexes("id_number", text))
    if phone := _phone(text):
        owned |= Q(phone_index__in=keyed_indexes("phone", phone))
    numbers = number_indexes("doc_number", text)
    documents = Customer.objects.filter(documents__doc_number_index__in=numbers)
    return (
        owned | Q(pk__in=Ubo.objects.filter(owned).values("customer_id")) | Q(pk__in=documents.values("pk"))
    )


def _phone(text: str) -> str:
    """The number as E.164; staff may leave the + away, or write 00 for it. Empty for no phone number."""
    typed = text.strip()
    typed = f"+{typed.removeprefix('00')}" if typed[:1] != "+" else typed
    try:
        return parse_phone(typed)
    except Refused:
        return ""


def _by_name(words: list[str]) -> Q:
    found = Q()
    for word in words:
        found &= (
            Q(account_name__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(business_profile__company_name__icontains=word)
        )
    return found
