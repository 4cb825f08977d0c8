"""Every error of the API in one shape: a stable code, what happened, and what to do next."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.four_eyes import FourEyesError
from accounts.policy import NotAllowed
from accounts.step_up import StepUpNeeded
from customers.problems import Refused
from kyc.submission import NotReady
from portal.api.bodies import error_body
from portal.api.shapes import problem_shapes, requirement_shapes


class BadParameter(Exception):
    """A parameter of the address is not known or can't be read. The message and remedy are for the caller."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(name)
        self.name, self.remedy = name, remedy


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception, or None for one that is a fault of ours (a 500, logged by Django)."""
    told = _told(error)
    if told is None:
        return None
    status, body = told
    response = Response(body, status=status)
    for name, value in getattr(error, "auth_headers", {}).items():
        response[name] = value
    return response


def _told(error: Exception) -> tuple[int, dict[str, Any]] | None:
    match error:
        case Refused():
            return 422, error_body(
                "refused",
                _("The data was not taken: it has errors."),
                _("Mend what `problems` lists and send it again."),
                problems=problem_shapes(error.problems),
            )
        case NotReady(requirements=[]):
            return 409, error_body(
                "already_submitted",
                _("The customer was submitted before."),
                _("Nothing to do; look at its requirements to see where it stands."),
            )
        case NotReady():
            return 409, error_body(
                "not_ready",
                _("The customer can't be submitted yet."),
                _("Deal with what `requirements` lists, then submit it again."),
                requirements=requirement_shapes(error.requirements),
            )
        case FourEyesError():
            remedy = _("Have somebody else with the right role do it, in the portal or here.")
            return 409, error_body(error.code, str(error), remedy)
        case BadParameter():
            message = _("The parameter %(name)s can't be used.") % {"name": error.name}
            return 400, error_body("bad_parameter", message, error.remedy)
        case exceptions.ParseError():
            return 400, error_body(
                "not_json", str(error.detail), _("Send one JSON object, encoded in UTF-8.")
            )
    for kinds, status, code, text, mends in _FIXED:
        if isinstance(error, kinds):
            return status, error_body(code, str(text), str(mends))
    return None


# The first that fits is told; what fits none is a fault of ours.
_FIXED = (
    (
        (exceptions.NotAuthenticated, exceptions.AuthenticationFailed),
        401,
        "not_signed_in",
        lazy("You are not signed in."),
        lazy("Sign in and try again."),
    ),
    (
        (StepUpNeeded,),
        403,
        "step_up_needed",
        lazy("This needs the second factor, shown within the last minutes."),
        lazy("Show it at /accounts/step-up/ in the same session, then send the request again."),
    ),
    (
        (NotAllowed, PermissionDenied, exceptions.PermissionDenied),
        403,
        "not_allowed",
        lazy("You may not do this, or the request carries no valid CSRF token."),
        lazy("Send the X-CSRFToken header, or ask an administrator for the right."),
    ),
    (
        (Http404, exceptions.NotFound),
        404,
        "not_found",
        lazy("There is no such customer for you."),
        lazy("Check the reference."),
    ),
    (
        (exceptions.MethodNotAllowed,),
        405,
        "wrong_method",
        lazy("This address does not take that method."),
        lazy("docs/api.md says which it takes."),
    ),
    (
        (exceptions.UnsupportedMediaType,),
        415,
        "wrong_media_type",
        lazy("A body of this kind is not read here."),
        lazy("Send application/json."),
    ),
    (
        (exceptions.NotAcceptable,),
        406,
        "not_acceptable",
        lazy("The answer is JSON, and the request does not accept that."),
        lazy("Accept application/json."),
    ),
)
