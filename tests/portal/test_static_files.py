"""What is collected and served."""

from django.contrib.staticfiles import finders


def collected() -> set[str]:
    return {path for finder in finders.get_finders() for path, _storage in finder.list([])}


def test_what_pages_use_is_served():
    assert {"css/base.css", "django_htmx/htmx-2.min.js", "admin/css/base.css"} <= collected()


def test_what_libraries_bring_along_for_others_is_not():
    found = collected()
    assert not [path for path in found if path.startswith(("rest_framework/", "django_htmx/ext/"))]
    assert "django_htmx/htmx-4.js" not in found
