"""Pills: a state in words, with a tone and a picture that help and carry nothing alone."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.choices import Stage
from kyc.choices import Delivery, RequirementState
from portal.templatetags.icons import icon

register = template.Library()

_STAGE_ICONS = {
    Stage.DRAFT: "circle-dashed",
    Stage.COMPLETE: "circle-check",
    Stage.SUBMITTED: "send",
    Stage.AT_EXCHANGE: "arrow-right",
    Stage.DOCUMENTS_SENT: "hourglass",
    Stage.VERIFIED: "badge-check",
    Stage.REJECTED: "circle-x",
}
_TONE_ICONS = {
    "neutral": "circle",
    "info": "info",
    "progress": "hourglass",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
}
_DELIVERY_TONES = {
    Delivery.NOT_SENT: "neutral",
    Delivery.SENT: "good",
    Delivery.UNKNOWN: "warn",
    Delivery.REFUSED: "bad",
}
_OUTCOMES = {
    "APPLIED": "good",
    "TAKEN": "bad",
    "REFUSED": "bad",
    "REJECTED": "bad",
    "UNKNOWN": "warn",
    "NOT_APPLIED": "neutral",
}


@register.simple_tag
def pill(text: str, tone: str = "neutral", picture: str = "") -> SafeString:
    """`text` in `tone`: neutral, info, progress, good, warn or bad."""
    return format_html(
        '<span class="pill tone-{}">{}{}</span>', tone, icon(picture or _TONE_ICONS[tone], 14), text
    )


@register.simple_tag
def stage_pill(value: str) -> SafeString:
    stage = Stage(value)
    return pill(str(stage.label), stage.tone, _STAGE_ICONS[stage])


@register.simple_tag
def state_pill(value: str) -> SafeString:
    """Of a requirement: whose move it is."""
    state = RequirementState(value)
    return pill(str(state.label), state.tone)


@register.simple_tag
def delivery_pill(value: str) -> SafeString:
    delivery = Delivery(value)
    return pill(str(delivery.label), _DELIVERY_TONES[delivery])


@register.simple_tag
def outcome_pill(outcome: str) -> SafeString:
    """Of an attempt; an outcome that is not known here is shown as it came."""
    return pill(outcome.replace("_", " ").lower() or "—", _OUTCOMES.get(outcome.upper(), "neutral"))
