"""The static files that are collected and served: what our pages and Django's admin use, not all that the
libraries bring along. Each would be served to anybody, and is looked at by every web process at its start.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.staticfiles.finders import AppDirectoriesFinder

# Names of files and folders, and patterns of paths within an application's own folder.
NOT_SERVED = (
    "rest_framework",  # the pages of its browsable API, which is off
    "ext",  # htmx's extensions
    "htmax-*",
    "htmx-4*",
    "gis",
    "*/select2/i18n/[!e]*",
    "README*",
    "LICENSE*",
)


class ServedFiles(AppDirectoriesFinder):
    """Django's own, without what nothing here uses."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[Any]:
        yield from super().list([*(ignore_patterns or ()), *NOT_SERVED])
