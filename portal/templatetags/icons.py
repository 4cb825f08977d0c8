"""Icons: lucide's pictures, drawn once per process. They only accompany words, so readers skip them."""

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: int = 18) -> SafeString:
    """The SVG of `name`, `size` pixels square."""
    return SafeString(lucide(name, size=size, aria_hidden="true", focusable="false"))
