"""What the list of differences can be narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from kyc.drift.choices import Kind
from portal.pages.list_filters import ListFilters


class DriftFilters(ListFilters):
    """The query string of the page."""

    action = "drift.view"

    kind = forms.ChoiceField(label=_("Where"), required=False, choices=[("", _("Any")), *Kind.choices])
