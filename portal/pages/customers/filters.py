"""What the list of customers can be narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.choices import EntityType, Stage
from customers.rules.countries import alpha_2_codes
from customers.search import SEARCH_MAX
from portal.pages.list_filters import ListFilters
from portal.pages.standing import ENDED, TOGETHER_LABELS
from portal.pages.whose_move import Move


class CustomerFilters(ListFilters):
    """The query string of the list."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=SEARCH_MAX,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Any")), *EntityType.choices])
    stage = forms.ChoiceField(
        label=_("Stage"),
        required=False,
        choices=[("", _("Any")), *Stage.choices, *TOGETHER_LABELS.items(), (ENDED, _("Relationship ended"))],
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

    def clean_country(self) -> str:
        """Two letters of the list of countries."""
        code = self.cleaned_data["country"].strip().upper()
        if code and code not in alpha_2_codes():
            raise forms.ValidationError(_("No country has these two letters."))
        return code
