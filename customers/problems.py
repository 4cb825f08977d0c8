"""A problem: one row that says what is wrong with one field, what it means and what to do next.

A form, a call of the API and a row of a pack are all judged by the same rules, and the rules answer with a
list of these. ``error`` is what the exchange's documents refuse; ``warning`` is what we doubt: it holds the
submission until an officer accepts it with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

ERROR: Final = "error"
WARNING: Final = "warning"

SHOWN_MAX = 80  # characters of a wrong value that a report or a page repeats

# The exchange's names of what is held encrypted: a problem shows the first character and no more.
MASKED_FIELDS = frozenset(
    {
        "dob",
        "address",
        "business_profile.address",
        "postcode",
        "business_profile.postcode",
        "phone_number",
        "id_number",
        "sa_id_number",
        "doc_number",
        "pep_occupation_data",
        "pep_related_data",
        "pip_data",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field.

    ``code``      stable, for programs: ``required``, ``not_in_list``, ``check_digit``, …
    ``subject``   "" is the customer; ``ubo:<email>``; ``document:<doc_type>``;
                  ``ubo:<email>/document:<doc_type>``
    ``field``     the exchange's name: ``dob``, ``business_profile.website``, ``doc_expire``, ``file``
    ``severity``  ``error`` or ``warning``
    ``message``   what is wrong, in the reader's language; never holds an encrypted field's value
    ``remedy``    what would be accepted; the same holds
    ``shown``     the value as it may be shown: clipped, and masked for encrypted fields
    """

    code: str
    subject: str
    field: str
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    shown: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity == ERROR


class Refused(Exception):
    """What was handed in can't be taken. `problems`: all that is wrong with it, errors and warnings."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(", ".join(sorted({problem.code for problem in self.problems})))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them is an error; warnings alone only hold a submission."""
    return any(problem.severity == ERROR for problem in problems)


def _as_shown(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "…"


def shown_safely(field: str, value: object) -> str:
    """The value as a problem may show it: one line, at most 80 characters, encrypted fields as ``8***``."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _as_shown(value)
    text = text[: SHOWN_MAX * 2].strip()
    if not text:
        return ""
    if field in MASKED_FIELDS:
        return (text[0] if text[0].isprintable() else "�") + "***"
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"
