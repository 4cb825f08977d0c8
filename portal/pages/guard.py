"""What every page does first: ask the policy, and keep what it shows out of caches."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.policy import NotAllowed, may, require


class StaffRequest(HttpRequest):
    """A request as a guarded view gets it: somebody is signed in. For type checkers."""

    user: User  # type: ignore[assignment]
    htmx: HtmxDetails


def page(action: str, *, otherwise: Callable[..., HttpResponse] | None = None) -> Callable:
    """A view that needs the right to `action`. 403 without it, wherever in the view that comes out; or, where
    it is not held for any merchant, what `otherwise` answers.

    The answer is never stored by browser or proxy: the pages show personal data.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if otherwise is not None and not may(request.user, action):
                    return otherwise(request)
                require(request.user, action)
                response = view(request, *args, **kwargs)
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from None
            add_never_cache_headers(response)
            return response

        guarded.action = action  # type: ignore[attr-defined]
        return guarded

    return decorate
