"""What staff note about a merchant."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst

from customers.merchant_contacts import CONTACT_FIELDS
from customers.models import Merchant


class ContactForm(forms.Form):
    """No model's form: what it writes is sealed, and written by `change_contact`."""

    contact_name = forms.CharField(max_length=150, required=False)
    contact_email = forms.EmailField(max_length=254, required=False)
    contact_phone = forms.CharField(max_length=40, required=False)
    notes = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, data: Mapping[str, Any] | None, *, merchant: Merchant) -> None:
        super().__init__(data, initial={name: getattr(merchant, name) for name in CONTACT_FIELDS})
        for name, field in self.fields.items():
            field.label = capfirst(getattr(Merchant, name).field.verbose_name)
        for name in list(self.errors)[:1]:
            # The form stands below all stages: on a phone nobody would see that nothing was saved.
            self.fields[name].widget.attrs["autofocus"] = True
