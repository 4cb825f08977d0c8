"""Customers over the API: the same services, rules and requirements as the pages and the pack."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import policy
from accounts.models import User
from customers.choices import EntityType, Origin, Stage
from customers.known import merchant_unknown
from customers.models import SELF_UID, Customer, Merchant
from customers.problems import Refused
from customers.services import register_customer
from kyc.records import load_record
from kyc.requirements import requirements
from kyc.stages import refresh_stage
from kyc.submission import submit_for_onboarding
from portal.api.errors import BadParameter, answer
from portal.api.parsing import StrictJSONParser, customer_from
from portal.api.shapes import customer_shape, problem_shapes, record_shape, requirement_shapes
from portal.pages.paging import Place, take_page

LIMIT_DEFAULT, LIMIT_MAX = 50, 200


class CustomerAPI(APIView):
    """What all addresses share: strict bodies, one shape of error, answers that nobody stores."""

    parser_classes = (StrictJSONParser,)

    @property
    def caller(self) -> User:
        """Who calls; the permission classes let nobody in who is not signed in."""
        user = self.request.user
        assert isinstance(user, User)
        return user

    def get_exception_handler(self) -> Any:
        return answer

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def visible(self) -> QuerySet:
        """The customers that the caller may see. Raises NotAllowed."""
        policy.require(self.caller, "customer.view")
        return Customer.objects.visible_to(self.caller).select_related("merchant")

    def one(self, reference: str) -> Customer:
        customer = self.visible().filter(reference=reference).first()
        if customer is None:
            raise Http404
        return customer


class Customers(CustomerAPI):
    """GET lists, newest first; POST registers one."""

    def get(self, request: Request) -> Response:
        customers = _filtered(self.visible(), request)
        page = take_page(customers, after=_after(request), size=_limit(request))
        return Response(
            {
                "customers": [customer_shape(customer) for customer in page.rows],
                "next": str(page.next) if page.next else None,
            }
        )

    def post(self, request: Request) -> Response:
        uid, data, ubos = customer_from(request.data)
        uid = uid or SELF_UID
        policy.require(self.caller, "customer.register")
        if uid == SELF_UID and policy.may(self.caller, "customer.register", uid):
            Merchant.objects.own()  # made on first use
        # Another's merchant is as unknown as one that does not exist.
        merchant = Merchant.objects.visible_to(self.caller, "customer.register").filter(uid=uid).first()
        if merchant is None:
            raise Refused([merchant_unknown(uid)])
        registered = register_customer(
            merchant=merchant, data=data, ubos=ubos, actor=self.caller, origin=Origin.API
        )
        customer = registered.customer
        assert customer is not None
        rows = refresh_stage(customer)
        body = {
            "customer": record_shape(load_record(customer)),
            "problems": problem_shapes(registered.problems),
            "requirements": requirement_shapes(rows),
        }
        return Response(body, status=201)


class OneCustomer(CustomerAPI):
    def get(self, request: Request, reference: str) -> Response:
        return Response({"customer": record_shape(load_record(self.one(reference)))})


class CustomerRequirements(CustomerAPI):
    def get(self, request: Request, reference: str) -> Response:
        rows = requirements(self.one(reference), today=timezone.localdate())
        return Response({"requirements": requirement_shapes(rows)})


class CustomerSubmission(CustomerAPI):
    def post(self, request: Request, reference: str) -> Response:
        customer = self.one(reference)
        submit_for_onboarding(customer=customer, actor=self.caller)
        return Response({"customer": record_shape(load_record(customer))})


_FILTERS = {
    "merchant": "merchant__uid",
    "stage": "stage",
    "entity_type": "entity_type",
    "reference": "reference",
}
_CHOICES = {"stage": Stage.values, "entity_type": EntityType.values}


def _filtered(customers: QuerySet, request: Request) -> QuerySet:
    for name in request.query_params:
        if name not in _FILTERS and name not in ("limit", "after"):
            raise BadParameter(
                name[:80], _("Use: %(names)s.") % {"names": ", ".join([*_FILTERS, "limit", "after"])}
            )
    for name, lookup in _FILTERS.items():
        value = request.query_params.get(name)
        if value is None:
            continue
        if name in _CHOICES and value not in _CHOICES[name]:
            raise BadParameter(name, _("Use one of: %(values)s.") % {"values": ", ".join(_CHOICES[name])})
        if "\0" in value:
            raise BadParameter(name, _("Take the NUL character out."))
        customers = customers.filter(**{lookup: value})
    return customers


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LIMIT_MAX:
        return int(text)
    raise BadParameter("limit", _("Use a number from 1 to %(max)d.") % {"max": LIMIT_MAX})


def _after(request: Request) -> Place | None:
    text = request.query_params.get("after")
    if text is None:
        return None
    place = Place.read(text)
    if place is None:
        raise BadParameter("after", _("Use what `next` of the page before says, unchanged."))
    return place
