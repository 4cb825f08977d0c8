"""The viewer: a document's picture beside the data it confirms. No browser ever shows the original."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_safe

from accounts import audit
from accounts.policy import may, require
from customers.models import Customer
from kyc.document_copies import CONTENT_TYPE, NoCopy, copy_of
from kyc.models import Document
from portal.pages.document.queries import viewer_of
from portal.pages.guard import StaffRequest, page
from vault.envelope import CannotOpen
from vault.masking import MASK


@require_safe
@page("document.view")
def view(request: StaffRequest, document_id: UUID) -> HttpResponse:
    document = _in_scope(request, document_id)
    merchant_uid = document.customer.merchant.uid
    context = {
        "here": "customers",
        "current": "true",
        "viewer": viewer_of(document),
        "document": document,
        "customer": document.customer,
        "mask": MASK,
        "may_reveal": may(request.user, "customer.reveal", merchant_uid),
        "may_download": may(request.user, "document.download", merchant_uid),
    }
    return render(request, "document.html", context)


@require_GET
@page("document.view")
def picture(request: StaffRequest, document_id: UUID, number: int) -> HttpResponse:
    """One page as a picture, made anew. The audit row is written before the first byte leaves."""
    document = _in_scope(request, document_id)
    try:
        copy = copy_of(document, number)
    except (NoCopy, OSError, CannotOpen):
        raise Http404 from None
    audit.record(
        actor=request.user,
        action="document.view",
        subject_type="document",
        subject_id=document.pk,
        customer_id=document.customer_id,
        merchant_uid=document.customer.merchant.uid,
        details={"doc_type": document.doc_type, "version": document.version, "page": number + 1},
    )
    response = HttpResponse(copy.content, content_type=CONTENT_TYPE)
    name = f"{document.customer.reference}-{slugify(document.doc_type)}-v{document.version}-{number + 1}.jpg"
    response["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    # By itself it may load nothing, run nothing, and be shown by no other site.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src 'self'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _in_scope(request: StaffRequest, document_id: UUID) -> Document:
    """The document with its customer; 404 for one that is not the user's to look at."""
    visible = Customer.objects.visible_to(request.user, "document.view")
    documents = Document.objects.filter(customer__in=visible).select_related("customer__merchant", "ubo")
    document = get_object_or_404(documents, pk=document_id)
    require(request.user, "document.view", document.customer.merchant.uid)
    return document
