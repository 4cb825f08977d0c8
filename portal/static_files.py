"""The static files that are collected and served: what our pages and Django's admin use, not all that the
libraries bring along. Each would be served to anybody, and is looked at by every web process at its start.
"""

from django.contrib.staticfiles.apps import StaticFilesConfig


class ServedFilesConfig(StaticFilesConfig):
    # Names of files and folders, and patterns of paths within an application's own folder.
    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "rest_framework",  # the pages of its browsable API, which is off
        "ext",  # htmx's extensions
        "htmax-*",
        "htmx-4*",
        "gis",
        "*/select2/i18n/[!e]*",
        "README*",
        "LICENSE*",
    ]
