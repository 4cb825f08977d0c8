"""The exchange's calls in words."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

# The names are the client's (`exchange.client.dialects`).
NAMES: dict[str, str | Promise] = {
    "alive": _("Ask whether it is there"),
    "create_customer": _("Create a customer"),
    "list_customers": _("List customers"),
    "get_customer": _("Read a customer"),
    "update_customer": _("Change a customer"),
    "list_merchants": _("List merchants"),
    "list_merchant_customers": _("List a merchant's customers"),
    "create_payment_reference": _("Create a payment reference"),
    "list_payment_references": _("List a customer's payment references"),
    "get_payment_reference": _("Read a payment reference"),
    "upload_customer_document": _("Upload a customer's document"),
    "upload_ubo_document": _("Upload an owner's document"),
}


@register.filter
def call_name(name: str) -> str:
    """In words; a call that has none yet by its name."""
    return str(NAMES.get(name, name))
