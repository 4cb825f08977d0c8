"""Times as staff read them: how long ago, with the exact moment beside it for whoever asks."""

import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age_text(since: datetime.datetime, now: datetime.datetime) -> str:
    """How long ago, in one unit: now, 5 min, 3 h, 12 days."""
    seconds = (now - since).total_seconds()
    if seconds < _MINUTE:
        return _("just now") if seconds > -_MINUTE else _("ahead")
    if seconds < _HOUR:
        return _("%d min") % (seconds // _MINUTE)
    if seconds < 2 * _DAY:
        return _("%d h") % (seconds // _HOUR)
    days = int(seconds // _DAY)
    return ngettext("%d day", "%d days", days) % days


@register.simple_tag
def age(moment: datetime.datetime | None) -> SafeString | str:
    """How long it is since `moment`, as <time>; a dash for none."""
    return "—" if moment is None else _time(moment, age_text(moment, timezone.now()))


@register.simple_tag
def ago(moment: datetime.datetime | None) -> SafeString | str:
    """The same in a sentence: 5 min ago."""
    if moment is None:
        return "—"
    now = timezone.now()
    text = age_text(moment, now)
    is_past = (now - moment).total_seconds() >= _MINUTE
    return _time(moment, _("%s ago") % text if is_past else text)


def _time(moment: datetime.datetime, text: str) -> SafeString:
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "j M Y, H:i:s"),
        text,
    )


@register.simple_tag
def moment(value: datetime.datetime | None) -> SafeString | str:
    """The exact minute, as <time>; a dash for none."""
    if value is None:
        return "—"
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), date_format(local, "j M Y, H:i")
    )
