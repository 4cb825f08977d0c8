"""One masked value over the API: the same right, reason, second factor and audit row as on the pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import policy
from accounts.step_up import require_fresh
from customers.problems import ERROR, Problem, Refused
from kyc.revealing import NothingThere, find_named, reveal
from portal.api.bodies import error_body
from portal.api.customers import CustomerAPI
from vault.envelope import CannotOpen

_NAMES = ("field", "subject", "reason")


class CustomerReveal(CustomerAPI):
    def post(self, request: Request, reference: str) -> Response:
        customer = self.one(reference)
        policy.require(self.caller, "customer.reveal", customer.merchant.uid)
        asked = _texts(request.data)
        try:
            masked = find_named(customer, asked["subject"], asked["field"])
        except NothingThere:
            raise Http404 from None
        require_fresh(request._request)
        try:
            value = reveal(customer, masked, reason=asked["reason"], actor=self.caller)
        except CannotOpen:
            message = _("What is held encrypted can't be opened: this customer's key is gone.")
            return Response(error_body("key_gone", message, _("Nothing brings it back.")), status=409)
        shown = value.isoformat() if isinstance(value, date) else value or ""
        return Response({"subject": asked["subject"], "field": asked["field"], "value": shown})


def _texts(body: Any) -> dict[str, str]:
    """The three texts of the body. Raises Refused for anything else."""
    given = body if isinstance(body, dict) else {}
    wrong = [name for name in given if name not in _NAMES]
    wrong += [name for name in _NAMES if not isinstance(given.get(name, ""), str)]
    if not isinstance(body, dict) or wrong:
        message = _("The body is not as it should be.")
        remedy = _("Send an object with the texts field, subject and reason.")
        raise Refused([Problem("wrong_shape", "", (wrong or [""])[0][:60], ERROR, message, remedy)])
    return {name: given.get(name, "") for name in _NAMES}
