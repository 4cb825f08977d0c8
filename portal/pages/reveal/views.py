"""One masked value, shown to one person for a minute, after the reason was written down."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.policy import may, require
from accounts.step_up import require_fresh
from customers.models import Customer
from customers.problems import Refused
from kyc.revealing import Masked, NothingThere, find_masked
from kyc.revealing import reveal as reveal_value
from portal.pages.customer.facts import in_words
from portal.pages.customer.views import in_scope
from portal.pages.guard import StaffRequest, page
from vault.envelope import CannotOpen
from vault.masking import MASK

# How long a revealed value stays on the screen.
SHOWN_SECONDS = 60


@require_POST
@page("customer.reveal")
def reveal(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """The value in place of its mask; without scripts on a page of its own, which leads back by itself."""
    customer = in_scope(request, customer_id)
    require(request.user, "customer.reveal", customer.merchant.uid)
    masked = _masked(customer, request.POST)
    require_fresh(request)
    context = {
        "customer": customer,
        "masked": masked,
        "label": _label(masked),
        "seconds": SHOWN_SECONDS,
        "back": _back(request, customer, masked),
    }
    try:
        value = reveal_value(customer, masked, reason=request.POST.get("reason", ""), actor=request.user)
    except Refused as refused:
        told = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.problems)
        return _told(request, context, told)
    except CannotOpen:
        return _told(request, context, _("It can't be opened: this customer's key is gone."))
    context["value"] = in_words(value) if value else _("nothing")
    if request.htmx:
        return render(request, "_revealed.html", context)
    response = render(request, "revealed.html", context)
    response["Refresh"] = f"{SHOWN_SECONDS}; url={context['back']}"
    return response


@require_safe
@page("customer.view")
def mask(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """The mask again: what a revealed value is replaced by when its time is over."""
    customer = in_scope(request, customer_id)
    require(request.user, "customer.view", customer.merchant.uid)
    masked = _masked(customer, request.GET)
    return render(request, "_masked.html", _mask_context(request, customer, masked))


def _mask_context(request: StaffRequest, customer: Customer, masked: Masked) -> dict[str, object]:
    return {
        "customer": customer,
        "masked_in": masked.subject,
        "field": masked.field,
        "label": _label(masked),
        "mask": MASK,
        "may_reveal": may(request.user, "customer.reveal", customer.merchant.uid),
    }


def _masked(customer: Customer, asked: QueryDict) -> Masked:
    try:
        return find_masked(customer, asked.get("in", ""), asked.get("field", ""))
    except NothingThere:
        raise Http404 from None


def _label(masked: Masked) -> str:
    name = str(getattr(masked.row._meta.get_field(masked.field), "verbose_name", masked.field))
    return name[:1].upper() + name[1:]


def _told(request: StaffRequest, context: dict[str, object], text: str) -> HttpResponse:
    """What stands in the way, where the value would have stood."""
    if request.htmx:
        again = _mask_context(request, context["customer"], context["masked"])  # type: ignore[arg-type]
        return render(request, "_masked.html", {**again, "trouble": text})
    messages.error(request, text)
    return redirect(str(context["back"]))


def _back(request: StaffRequest, customer: Customer, masked: Masked) -> str:
    """The page that was left: the document's viewer, or the customer's page."""
    shown = request.POST.get("beside", "")
    try:
        return reverse("document-view", args=[UUID(shown)])
    except ValueError:
        return reverse("customer-detail", args=[customer.pk])
