"""How a customer that the exchange turned down is corrected, and whether anything was changed since."""

from django.utils.translation import gettext as _

from accounts.audit_rows import AuditEntry
from customers.models import Customer

# What opens a customer for changes again, and what changes what would be sent.
_TURNED_DOWN = "customer.thaw"
_CHANGES = ("customer.change", "document.add", "document.waive", "warning.accept")


def how_to_correct(customer: Customer) -> str:
    """The way that there is today: a pack that names the customer again."""
    return _(
        "To correct it, change its row in your pack, the one with the reference %(reference)s, and import the"
        " pack again: manage.py import_pack PACK. A better file can be handed in on the customer's page."
    ) % {"reference": customer.reference}


def is_unchanged_since_turned_down(customer: Customer) -> bool:
    """Whether the exchange turned the customer down and nobody changed anything of it afterwards. One query,
    and none for a customer that was never submitted."""
    if not customer.is_editable or customer.submitted_at is None:
        return False
    last = (
        AuditEntry.objects.filter(
            customer_id=customer.pk, action__in=(_TURNED_DOWN, *_CHANGES), outcome="done"
        )
        .order_by("-at", "-pk")
        .values_list("action", flat=True)
        .first()
    )
    return last == _TURNED_DOWN
