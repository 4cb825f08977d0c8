"""How a customer that the exchange turned down is corrected."""

from django.utils.translation import gettext as _

from customers.models import Customer
from kyc.turned_down import turned_down_as_they_are


def how_to_correct(customer: Customer) -> str:
    """The way that there is today: a pack that names the customer again."""
    return _(
        "To correct it, change its row in your pack, the one with the reference %(reference)s, and import the"
        " pack again: manage.py import_pack PACK. A better file can be handed in on the customer's page."
    ) % {"reference": customer.reference}


def doubt_about_submitting(customer: Customer) -> str:
    """Why submitting it again would be in vain; "" for whom the exchange has not turned down as it is.

    Asks the database: to be asked of those whose create waits for staff."""
    if not turned_down_as_they_are([customer]):
        return ""
    return _(
        "The exchange turned this customer down, and nothing of its data has changed since: it would most"
        " likely do so again. %(how)s"
    ) % {"how": how_to_correct(customer)}
