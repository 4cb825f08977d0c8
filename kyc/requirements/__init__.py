"""The one table of what is missing: pages, queue, API, report and submission all read these rows."""

from kyc.requirements.asking import is_asked_for
from kyc.requirements.loading import requirements, requirements_for_many, requirements_of
from kyc.requirements.rows import Link, Requirement
from kyc.requirements.working_out import work_out

__all__ = [
    "Link",
    "Requirement",
    "is_asked_for",
    "requirements",
    "requirements_for_many",
    "requirements_of",
    "work_out",
]
