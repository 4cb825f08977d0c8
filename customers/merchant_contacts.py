"""What we note about a merchant ourselves: whom to talk to, and what is worth remembering. Held sealed."""

from collections.abc import Mapping

from django.db import transaction

from accounts import audit
from accounts.masking import changes
from accounts.models import User
from accounts.policy import require
from customers.models import Merchant
from vault.data_keys import owner_of
from vault.envelope import new_data_key

CONTACT_FIELDS = ("contact_name", "contact_email", "contact_phone", "notes")


def change_contact(*, merchant: Merchant, data: Mapping[str, str], actor: User) -> list[str]:
    """Set those of `CONTACT_FIELDS` that `data` holds. Answers the names of the fields that changed.

    Raises NotAllowed. The audit row masks what they were and are.
    """
    require(actor, "merchant.change", merchant.uid)
    with transaction.atomic():
        held = Merchant.objects.select_for_update().get(pk=merchant.pk)
        changed = [name for name in CONTACT_FIELDS if name in data and getattr(held, name) != data[name]]
        pairs = {name: (getattr(held, name), data[name]) for name in changed}
        for name in changed:
            setattr(held, name, data[name])
        if changed:
            if not held.wrapped_key:
                _key, held.wrapped_key = new_data_key(owner_of(Merchant, held.pk))
            held.save(update_fields=[*changed, "wrapped_key"])
            audit.record(
                actor=actor,
                action="merchant.change",
                subject_type="merchant",
                subject_id=held.pk,
                merchant_uid=held.uid,
                details={"fields": changed},
                changes=changes(pairs, texts=("notes",)),
            )
    return changed
