"""Whether the reader may do something, so that pages offer only that."""

from typing import Any

from django import template

from accounts import policy

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], action: str, merchant_uid: str | None = None) -> bool:
    """{% may "retention.view" as sees_retention %}: the policy's answer for the signed-in user."""
    return policy.may(context.get("user"), action, merchant_uid)
