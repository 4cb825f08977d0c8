"""What the audit trail can be searched by."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.audit_rows import Outcome
from accounts.models import User
from portal.pages.audit.queries import NOBODY
from portal.pages.audit.words import CHANNELS, GROUPS, WORDS
from portal.pages.list_filters import ListFilters

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

PEOPLE_SHOWN = 500
# Nothing happened before or will after; a day at the very end of all years has no next one.
EARLIEST, LATEST = datetime.date(2000, 1, 1), datetime.date(2999, 12, 31)


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _day(label: StrPromise) -> forms.DateField:
    validators = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return forms.DateField(label=label, required=False, widget=DateInput(), validators=validators)


class AuditFilters(ListFilters):
    """The query string of the page."""

    action = "audit.view"

    q = forms.CharField(
        label=_("Reference, id or entry"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    person = forms.ChoiceField(label=_("Who"), required=False)
    what = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[
            ("", _("Anything")),
            *((f"{group}.", label) for group, label in GROUPS.items()),
            *sorted(WORDS.items(), key=lambda item: item[0]),
        ],
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("Any")), *Outcome.choices]
    )
    channel = forms.ChoiceField(
        label=_("By which way"),
        required=False,
        choices=[("", _("Any")), *CHANNELS.items()],
    )
    since = _day(_("From"))
    until = _day(_("To"))

    def __init__(self, data, *, user: User) -> None:
        super().__init__(data, user=user)
        people = User.objects.order_by("name", "email")[:PEOPLE_SHOWN]
        choices = [("", _("Anybody")), *((str(one.pk), str(one)) for one in people)]
        choices.append((NOBODY, _("Nobody signed in")))
        self.fields["person"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """The filters that are set and make sense; dates as they stand in an address."""
        return {
            name: value.isoformat() if isinstance(value, datetime.date) else value
            for name, value in super().values().items()
        }
