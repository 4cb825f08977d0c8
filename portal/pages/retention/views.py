"""The list of what falls due, and the page on which a customer's relationship is ended, held and erased."""

import tempfile
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.four_eyes import FourEyesError
from accounts.policy import may, require
from accounts.step_up import require_fresh
from customers.models import Customer
from customers.problems import Refused
from kyc.retention.clock import due_day, standing
from kyc.retention.rows import Ending, Erasure, LegalHold
from kyc.retention.subject_export import export_subject
from portal.pages.customer.forms import ReasonForm
from portal.pages.customer.views import in_scope
from portal.pages.guard import StaffRequest, page
from portal.pages.retention.offers import Offer, offers
from portal.pages.retention.queries import retention as retention_of
from vault.envelope import CannotOpen


@require_safe
@page("retention.view")
def retention(request: StaffRequest) -> HttpResponse:
    found = retention_of(user=request.user, today=timezone.localdate())
    return render(request, "retention.html", {"here": "retention", "page": found})


@require_safe
@page("retention.view")
def relationship(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    customer = in_scope(request, customer_id)
    require(request.user, "retention.view", customer.merchant.uid)
    hold = LegalHold.objects.filter(customer=customer, lifted_at__isnull=True).first()
    context = {
        "here": "retention",
        "customer": customer,
        "state": standing(customer, is_held=hold is not None, today=timezone.localdate()).value,
        "due_on": due_day(customer),
        "ending": Ending.objects.filter(customer=customer, reopened_at__isnull=True).first(),
        "hold": hold,
        "erasure": Erasure.objects.filter(customer=customer).first(),
        "offers": _offers(request, customer),
        "may_export": not customer.is_erased and may(request.user, "customer.export", customer.merchant.uid),
        "owners": customer.ubos.order_by("position") if customer.is_business else (),
        "reason_form": ReasonForm(),
    }
    return render(request, "relationship.html", context)


@require_POST
@page("retention.view")
def decide(request: StaffRequest, customer_id: UUID, name: str) -> HttpResponse:
    """Do, or propose, one of the offers; then back to the page."""
    customer = in_scope(request, customer_id)
    offer = next((offer for offer in _offers(request, customer) if offer.name == name), None)
    if offer is None:
        raise Http404
    if offer.name == "erase" and not offer.is_proposal:
        require_fresh(request)
    try:
        offer.carry_out(customer, request.user, request.POST.get("reason", ""))
    except Refused as refused:
        for problem in refused.problems:
            messages.error(request, f"{problem.message} {problem.remedy}".strip())
    except FourEyesError as error:
        messages.error(request, str(error))
    except OSError:
        messages.error(
            request,
            _("The ledger of erasures can't be written, so nothing was destroyed. Tell the operators."),
        )
    else:
        done = _("Proposed: somebody else decides it.") if offer.is_proposal else _("Done.")
        messages.success(request, f"{offer.label}: {done}")
    return redirect("customer-relationship", customer_id=customer.pk)


@require_POST
@page("customer.export")
def export(request: StaffRequest, customer_id: UUID) -> HttpResponse | FileResponse:
    """Everything held about the customer, or one owner, as a zip. Made whole before the first byte leaves.

    The second factor is asked for anew: nothing gives more away.
    """
    customer = in_scope(request, customer_id)
    require(request.user, "customer.export", customer.merchant.uid)
    require_fresh(request)
    ubo = None
    if owner := request.POST.get("owner", ""):
        ubo = next((row for row in customer.ubos.all() if str(row.pk) == owner), None)
        if ubo is None:
            raise Http404
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it; it has no name on the disk
    try:
        export_subject(
            target, customer=customer, ubo=ubo, actor=request.user, reason=request.POST.get("reason", "")
        )
    except (Refused, OSError, CannotOpen) as error:
        target.close()
        told = (
            " ".join(f"{problem.message} {problem.remedy}" for problem in error.problems)
            if isinstance(error, Refused)
            else _("A file can't be read, so nothing was handed out. Tell the operators.")
        )
        messages.error(request, told)
        return redirect("customer-relationship", customer_id=customer.pk)
    target.seek(0)
    name = f"{slugify(customer.reference)}-held-data.zip"
    return FileResponse(target, as_attachment=True, filename=name, content_type="application/zip")


def _offers(request: StaffRequest, customer: Customer) -> list[Offer]:
    is_held = LegalHold.objects.filter(customer=customer, lifted_at__isnull=True).exists()
    state = standing(customer, is_held=is_held, today=timezone.localdate())
    merchant_uid = customer.merchant.uid
    return [offer for offer in offers(state, is_held=is_held) if offer.is_open_to(request.user, merchant_uid)]
