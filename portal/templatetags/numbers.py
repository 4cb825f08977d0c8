"""Numbers as they are read: grouped by thousands, sizes in the unit that fits."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def grouped(value: int) -> str:
    """12345 as 12,345, as the language has it."""
    return number_format(value, use_l10n=True, force_grouping=True)


@register.filter
def file_size(size: int) -> str:
    """Bytes as kB or MB; a million bytes are one MB, as the exchange's limit counts them."""
    if size < 1_000_000:
        return _("%s kB") % number_format(max(size / 1000, 0.1), 1 if size < 10_000 else 0)
    return _("%s MB") % number_format(size / 1_000_000, 1)
