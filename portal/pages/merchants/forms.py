"""What staff note about a merchant."""

from django import forms

from customers.merchant_contacts import CONTACT_FIELDS
from customers.models import Merchant


class ContactForm(forms.ModelForm):
    class Meta:
        model = Merchant
        fields = CONTACT_FIELDS
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}
