"""What reading one row gives: its values, cleaned and typed, and all of its problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from customers.problems import ERROR, WARNING, Problem, shown_safely

# A row of a field table: the exchange's name, its parser, whether it must be given, its value when it isn't.
FieldRow = tuple[str, Callable[[object], object], bool, object]


class Refused(ValueError):
    """A value that can't be taken. ``remedy`` says what would be; neither text repeats the value."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


@dataclass(slots=True)
class Reading:
    """``values``: every field of the row that could be read, by the exchange's name. An optional one that was
    left empty is "", None, False or []; one with an error is absent. ``problems``: all of them.
    """

    values: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    subject: str = ""

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == ERROR]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == WARNING]

    def error(self, name: str, code: str, message: str, remedy: str, value: object = None) -> None:
        """What the exchange's documents refuse. The field's value is taken back."""
        self.values.pop(name, None)
        shown = shown_safely(name, value)
        self.problems.append(Problem(code, self.subject, name, ERROR, message, remedy, shown))

    def warn(self, name: str, code: str, message: str, remedy: str, value: object = None) -> None:
        """What we doubt."""
        shown = shown_safely(name, value)
        self.problems.append(Problem(code, self.subject, name, WARNING, message, remedy, shown))

    def require(self, name: str) -> None:
        """An error for a field that must be given and is empty."""
        self.error(name, "required", _("%(field)s is missing.") % {"field": name}, _("Fill it in."))

    def read(self, raw: Mapping[str, object], rows: Iterable[FieldRow]) -> None:
        """Read the fields of a table out of the raw row."""
        values = self.values
        for name, parse, is_required, empty in rows:
            value = raw.get(name)
            if (not value or value.isspace()) if type(value) is str else is_blank(value):
                if is_required:
                    self.require(name)
                else:
                    values[name] = [] if empty == [] else empty
                continue
            try:
                values[name] = parse(value)
            except Refused as refused:
                self.error(name, refused.code, refused.message, refused.remedy, value)


def is_blank(value: object) -> bool:
    """Nothing was given: None, an empty list, or text of spaces only. False and 0 are something."""
    return value is None or value == "" or value == [] or (isinstance(value, str) and not value.strip())
