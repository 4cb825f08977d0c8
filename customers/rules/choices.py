"""Values out of a closed list: byte for byte, and the nearest entries for a near miss."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from django.utils.translation import gettext as _

from customers.lists import OCCUPATION_SET, OCCUPATIONS, SOURCE_OF_FUNDS_SET, SOURCES_OF_FUNDS, nearest
from customers.rules.reading import Refused
from customers.rules.text import as_text

SHORT_LIST = 12  # entries that a remedy can still name one by one


def one_of(entries: Sequence[str], known: Collection[str] | None = None) -> Callable[[object], str]:
    """A parser for a table of fields: an entry of the list exactly as it is spelled there."""
    allowed = frozenset(entries) if known is None else known

    def parse(value: object) -> str:
        text = value.strip() if type(value) is str else as_text(value).strip()
        if text not in allowed:
            raise not_listed(text, entries)
        return text

    return parse


def not_listed(text: str, entries: Sequence[str]) -> Refused:
    """The refusal that names the nearest entries, or all of a short list, or says where the list is."""
    near = nearest(text, entries)
    if near:
        quoted = [f"“{entry}”" for entry in near]
        named = (
            quoted[0]
            if len(quoted) == 1
            else _("%(first)s or %(last)s")
            % {
                "first": ", ".join(quoted[:-1]),
                "last": quoted[-1],
            }
        )
        remedy = _("Did you mean %(entries)s? It must be spelled exactly so.") % {"entries": named}
    elif len(entries) <= SHORT_LIST:
        remedy = _("Write one of: %(entries)s.") % {"entries": ", ".join(entries)}
    else:
        remedy = _("Choose an entry of the exchange's list, spelled exactly as it is there.")
    return Refused("not_in_list", _("This is not in the exchange's list."), remedy)


parse_occupation = one_of(OCCUPATIONS, OCCUPATION_SET)
parse_source_of_funds = one_of(SOURCES_OF_FUNDS, SOURCE_OF_FUNDS_SET)
