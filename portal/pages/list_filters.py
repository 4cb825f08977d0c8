"""What every list of the pages is narrowed by."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from customers.models import Merchant

MERCHANTS_SHOWN = 500
# Of a value that is not valid, so much is shown again.
SHOWN_MAX = 40


@dataclass(frozen=True, slots=True)
class NotValid:
    """A filter whose value names nothing, and the value as it came."""

    label: str
    value: str


class ListFilters(forms.Form):
    """A list's query string. A value that names nothing is told, and nothing is listed: never all instead."""

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
        asked = self.data.get("merchant", "").replace("\x00", "")
        if asked and asked not in dict(choices):
            # One that did not fit among those offered is a merchant all the same.
            found = Merchant.objects.visible_to(user, self.action).filter(uid=asked)
            choices += [(merchant.uid, str(merchant)) for merchant in found]
        self.fields["merchant"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def not_valid(self) -> list[NotValid]:
        """The filters that are set and name nothing: where there are any, the list is empty and says so."""
        self.is_valid()
        return [
            NotValid(str(self.fields[name].label or name), str(self.data.get(name, ""))[:SHOWN_MAX])
            for name in self.errors
        ]
