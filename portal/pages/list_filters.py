"""What every list of the pages is narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from customers.models import Merchant

MERCHANTS_SHOWN = 500


class ListFilters(forms.Form):
    """A list's query string. A value that is not offered is left out, and the list shows the rest."""

    # The right that shows what is listed: the merchants offered are those it is held for.
    action = "customer.view"

    merchant = forms.ChoiceField(label=_("Merchant"), required=False)

    def __init__(self, data, *, user: User) -> None:
        super().__init__(data)
        merchants = (
            Merchant.objects.visible_to(user, self.action)
            .order_by("name", "uid")
            .values_list("uid", "name")[:MERCHANTS_SHOWN]
        )
        choices = [("", _("All")), *((uid, name or uid) for uid, name in merchants)]
        self.fields["merchant"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
