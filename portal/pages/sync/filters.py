"""What the list of intents can be narrowed by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from exchange.outbox.choices import Reason, Topic
from exchange.outbox.groups import OPEN_GROUPS, WAITING, Group
from portal.pages.list_filters import ListFilters

# A name for several groups at once, as the overview counts them.
ANY_WAITING = "waiting"
# What the pages count as done: of the last hour.
DONE_LATELY = "done_lately"


class IntentFilters(ListFilters):
    """The query string of the list."""

    action = "sync.view"

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Open")),
            *((group.value, group.label) for group in OPEN_GROUPS),
            (ANY_WAITING, _("Waiting for their turn")),
            (DONE_LATELY, _("Done, last hour")),
            (Group.DONE.value, Group.DONE.label),
            (Group.GIVEN_UP.value, Group.GIVEN_UP.label),
        ],
    )
    topic = forms.ChoiceField(label=_("What"), required=False, choices=[("", _("Any")), *Topic.choices])
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("Any")), *Reason.choices])


def groups_of(state: str) -> tuple[Group, ...]:
    """The groups that a value of `state` stands for; all open ones for none."""
    if state == ANY_WAITING:
        return WAITING
    if state == DONE_LATELY:
        return (Group.DONE,)
    return (Group(state),) if state else OPEN_GROUPS
