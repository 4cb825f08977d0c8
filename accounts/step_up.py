"""Step-up: what gives much away asks for the second factor anew, unless it was shown minutes ago.

Wrap a view in `fresh_second_factor`, or call `require_fresh` first: whoever comes without is asked for it and
led back, and what they had sent is done then. In the API the answer is 403 `step_up_needed`.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class StepUpNeeded(ReauthenticationRequired):
    """The second factor was not shown lately. Pages ask for it; the API answers `step_up_needed`."""


def shown_at(request: HttpRequest) -> float | None:
    """When the second factor was last shown in this session, in seconds since 1970; None: never.

    In the demo, which has none, the password stands in for it.
    """
    methods = {"mfa", "password"} if settings.DEMO_WITHOUT_MFA else {"mfa"}
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    return max((row["at"] for row in records if row.get("method") in methods), default=None)


def is_fresh(request: HttpRequest) -> bool:
    """Whether it was shown within STEP_UP_SECONDS."""
    at = shown_at(request)
    return at is not None and time.time() - at < settings.STEP_UP_SECONDS


def require_fresh(request: HttpRequest) -> None:
    """Raise StepUpNeeded unless the second factor was shown lately. Takes a request of the API, too."""
    if not is_fresh(request):
        raise StepUpNeeded


def fresh_second_factor(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view that needs it."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_fresh(request)
        return view(request, *args, **kwargs)

    asked.needs_step_up = True  # type: ignore[attr-defined]
    return asked
