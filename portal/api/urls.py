"""The addresses of the API. A reference may hold slashes, so what follows it is told first."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path


def _api(name: str, module: str = "customers") -> Callable[..., HttpResponse]:
    """The view of that name, imported when it is first called: every command loads the addresses, and the
    REST framework takes longer to load than most commands to run."""

    def call(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        views = import_module(f"portal.api.{module}")
        return getattr(views, name).as_view()(request, **kwargs)

    # The framework asks who it is, and for the CSRF token of a session, and answers in JSON.
    call.login_required = False  # type: ignore[attr-defined]
    call.csrf_exempt = True  # type: ignore[attr-defined]
    return call


urlpatterns: list[URLPattern] = [
    path("customers/", _api("Customers"), name="api-customers"),
    path(
        "customers/<path:reference>/requirements/",
        _api("CustomerRequirements"),
        name="api-customer-requirements",
    ),
    path("customers/<path:reference>/submit/", _api("CustomerSubmission"), name="api-customer-submit"),
    path(
        "customers/<path:reference>/reveal/",
        _api("CustomerReveal", "revealing"),
        name="api-customer-reveal",
    ),
    path("customers/<path:reference>/", _api("OneCustomer"), name="api-customer-detail"),
]
