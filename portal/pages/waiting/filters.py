"""What the page of what waits can be narrowed to."""

from django import forms
from django.utils.translation import gettext_lazy as _

from exchange.outbox.choices import Reason, Topic
from portal.pages.list_filters import ListFilters
from portal.pages.waiting.kinds import Kind


class WaitingFilters(ListFilters):
    """The query string of the page; its links set it, nobody fills it in."""

    what = forms.ChoiceField(label=_("What"), required=False, choices=[("", _("All")), *Kind.choices])
    topic = forms.ChoiceField(label=_("Topic"), required=False, choices=[("", _("Any")), *Topic.choices])
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("Any")), *Reason.choices])
