"""How a customer that the exchange turned down is corrected."""

from django.utils.translation import gettext as _

from customers.models import Customer


def how_to_correct(customer: Customer) -> str:
    """The way that there is today: a pack that names the customer again."""
    return _(
        "To correct it, change its row in your pack, the one with the reference %(reference)s, and import the"
        " pack again: manage.py import_pack PACK. A better file can be handed in on the customer's page."
    ) % {"reference": customer.reference}
