"""`deposit_action`: what is done with a deposit (002:1749-1779)."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _

from customers.rules.reading import Refused

ACTIONS_AVAILABLE = ("none",)  # the others are "coming soon" (002:1767)


def parse_deposit_action(value: object) -> str:
    """`none`, or the JSON object `{"action": "none"}`, as the name of the action."""
    if isinstance(value, str) and value.strip().startswith("{") and len(value) <= 1000:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    action = value.get("action") if isinstance(value, dict) else value
    if isinstance(action, str) and action.strip() in ACTIONS_AVAILABLE:
        return action.strip()
    raise Refused(
        "deposit_action",
        _("The exchange offers customers no other deposit action than none at present."),
        _("Write none, or leave the field empty."),
    )
