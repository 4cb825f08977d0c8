"""What the gate finds out about a file, and how it says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from customers.problems import ERROR, WARNING, Problem

FIELD = "file"


@dataclass(slots=True)
class Examined:
    """One file, looked at.

    ``content_type``   and ``extension`` of what the bytes are ("image/jpeg", "jpg"); "" if not accepted
    ``size``           bytes
    ``sha256``         hex
    ``width, height``  pixels as stored (before EXIF rotation), None for a PDF and for what can't be opened
    ``pages``          of a PDF, else None
    ``blur``           sharpness of a picture: the variance of its Laplacian at a fixed scale; None for a PDF
    ``problems``       errors and warnings, their field "file" and their subject ""
    ``flags``          what is worth knowing and no problem: ``extension_differs``, ``declared_type_differs``,
                       ``trailing_data``, ``animated``, ``active_content``
    """

    size: int
    sha256: str
    content_type: str = ""
    extension: str = ""
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    blur: float | None = None
    problems: list[Problem] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    @property
    def is_accepted(self) -> bool:
        """Whether it can be kept: no error, though there may be warnings."""
        return not any(problem.severity == ERROR for problem in self.problems)

    def refuse(self, code: str, message: str, remedy: str, shown: str = "") -> None:
        self.problems.append(Problem(code, "", FIELD, ERROR, message, remedy, shown))

    def doubt(self, code: str, message: str, remedy: str, shown: str = "") -> None:
        self.problems.append(Problem(code, "", FIELD, WARNING, message, remedy, shown))
