"""One customer: the page."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import may, require
from customers.models import Customer
from kyc.doc_types import types_for
from kyc.models import Document
from portal.pages.customer.forms import ReasonForm, UploadForm
from portal.pages.customer.queries import customer_page
from portal.pages.guard import StaffRequest, page
from vault.masking import MASK


def in_scope(request: StaffRequest, customer_id: UUID) -> Customer:
    """The customer with its merchant; 404 for one that does not exist or is not the user's to see."""
    customers = Customer.objects.visible_to(request.user).select_related("merchant")
    return get_object_or_404(customers, pk=customer_id)


@require_safe
@page("customer.view")
def customer(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    found = in_scope(request, customer_id)
    merchant_uid = found.merchant.uid
    require(request.user, "customer.view", merchant_uid)
    shown = customer_page(found, user=request.user, today=timezone.localdate())
    may_add = found.is_editable and may(request.user, "document.add", merchant_uid, found.stage)
    context = {
        "here": "customers",
        "current": "true",
        "page": shown,
        "customer": found,
        "reason_form": ReasonForm(),
        "mask": MASK,
        "may_reveal": may(request.user, "customer.reveal", merchant_uid),
        "may_look": may(request.user, "document.view", merchant_uid),
        "may_download": may(request.user, "document.download", merchant_uid),
        "upload": UploadForm(types=types_for(found.entity_type), auto_id="upload-%s") if may_add else None,
    }
    return render(request, "customer.html", context)


@require_safe
@page("customer.view")
def by_reference(request: StaffRequest, reference: str) -> HttpResponse:
    """The address that staff can type: leads to the customer with this reference."""
    found = get_object_or_404(Customer.objects.visible_to(request.user), reference=reference)
    return redirect("customer-detail", customer_id=found.pk)


@require_safe
@page("customer.view")
def document(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """Leads to the document's place on its customer's page."""
    visible = Customer.objects.visible_to(request.user)
    found = get_object_or_404(Document.objects.filter(customer__in=visible), pk=document_id)
    response = redirect("customer-detail", customer_id=found.customer_id)
    response["Location"] += f"#document-{found.pk}"
    return response
