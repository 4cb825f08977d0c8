"""What administrators fill in about a person. The services judge; these only carry."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.four_eyes import REASON_MAX
from accounts.models import User
from accounts.roles import Role
from customers.models import Merchant

MERCHANTS_SHOWN = 1000


class RoleForm(forms.Form):
    """A role for one merchant or (blank) for all of them."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    merchant = forms.ChoiceField(label=_("For"), required=False)
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, reader: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        merchants = (
            Merchant.objects.visible_to(reader, "role.propose")
            .order_by("-is_self", "name", "uid")
            .values_list("uid", "name")[:MERCHANTS_SHOWN]
        )
        choices = [("", _("All merchants")), *((uid, name or uid) for uid, name in merchants)]
        self.fields["merchant"].choices = choices  # type: ignore[attr-defined]
