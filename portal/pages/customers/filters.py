"""What the list of customers can be narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.choices import EntityType, Stage
from customers.models import Merchant
from customers.rules.countries import alpha_2_codes
from customers.search import SEARCH_MAX
from portal.pages.standing import TOGETHER_LABELS
from portal.pages.whose_move import Move

MERCHANTS_SHOWN = 500


class CustomerFilters(forms.Form):
    """The query string of the list. A value that is not offered is left out, and the list shows the rest."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=SEARCH_MAX,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    merchant = forms.ChoiceField(label=_("Merchant"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Any")), *EntityType.choices])
    stage = forms.ChoiceField(
        label=_("Stage"),
        required=False,
        choices=[("", _("Any")), *Stage.choices, *TOGETHER_LABELS.items()],
    )
    waiting = forms.ChoiceField(
        label=_("Waiting for"), required=False, choices=[("", _("Anyone")), *Move.choices[:3]]
    )
    country = forms.CharField(
        label=_("Country"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 2, "placeholder": "ZA", "autocomplete": "off"}),
    )
    needs = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, data, *, user) -> None:
        super().__init__(data)
        merchants = (
            Merchant.objects.visible_to(user)
            .order_by("name", "uid")
            .values_list("uid", "name")[:MERCHANTS_SHOWN]
        )
        choices = [("", _("All")), *((uid, name or uid) for uid, name in merchants)]
        self.fields["merchant"].choices = choices  # type: ignore[attr-defined]

    def clean_country(self) -> str:
        """Two letters of the list of countries; anything else is left out."""
        code = self.cleaned_data["country"].strip().upper()
        return code if code and code in alpha_2_codes() else ""

    def values(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
