"""Pages whose module is loaded when the first request for one of them comes.

Those of the second factor bring a WebAuthn library and its lists along: no command and no start needs them.
"""

from collections.abc import Callable
from importlib import import_module

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def late(module: str, name: str) -> View:
    """The view `name` of portal.pages.account.<module>; for people who are signed in."""

    def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        page: View = getattr(import_module(f"portal.pages.account.{module}"), name)
        return page(request, **kwargs)

    return view


def late_for_everybody(module: str, name: str) -> View:
    """The same, for people who are not signed in yet as well."""
    return login_not_required(late(module, name))
