"""Bars: a drawn share beside the number that says it. The drawing is decoration; the table is the text."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def bar(whole: int, **parts: int) -> SafeString:
    """One bar, `whole` wide, of `parts` laid end to end: {% bar total individual=3 business=1 %}.

    A part's name is its class in the stylesheet. A part that is not zero is at least a hair wide.
    """
    rects, start = [], 0.0
    for name, value in parts.items():
        width = max(100 * value / whole, 0.8) if whole and value else 0.0
        if width:
            rects.append((name, f"{start:.2f}", f"{width:.2f}"))
        start += width
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="8"/>', rects),
    )
