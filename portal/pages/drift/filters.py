"""What the list of differences can be narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Merchant
from kyc.drift.choices import Kind

MERCHANTS_SHOWN = 500


class DriftFilters(forms.Form):
    """The query string of the page. A value that is not offered is left out, and the list shows the rest."""

    kind = forms.ChoiceField(label=_("Where"), required=False, choices=[("", _("Any")), *Kind.choices])
    merchant = forms.ChoiceField(label=_("Merchant"), required=False)

    def __init__(self, data, *, user) -> None:
        super().__init__(data)
        merchants = (
            Merchant.objects.visible_to(user)
            .order_by("name", "uid")
            .values_list("uid", "name")[:MERCHANTS_SHOWN]
        )
        choices = [("", _("All")), *((uid, name or uid) for uid, name in merchants)]
        self.fields["merchant"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
