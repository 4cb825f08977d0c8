"""Handing out an original: only to whoever may, written down, and never shown by the browser itself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.policy import require
from accounts.step_up import require_fresh
from customers.models import Customer
from kyc.choices import Scan
from kyc.documents import read_document
from kyc.models import Document
from portal.pages.guard import StaffRequest, page
from vault.envelope import CannotOpen

_EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@require_GET
@page("document.download")
def download(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """The file, byte for byte, as an attachment. The audit row is written before the first byte leaves.

    The second factor is asked for anew: an original may do what its copy can't.
    """
    visible = Customer.objects.visible_to(request.user)
    documents = Document.objects.filter(customer__in=visible).select_related("customer__merchant")
    document = get_object_or_404(documents, pk=document_id)
    merchant_uid = document.customer.merchant.uid
    require(request.user, "document.download", merchant_uid)
    require_fresh(request)
    if document.scan in (Scan.INFECTED, Scan.PENDING):
        messages.error(request, _held_back(document))
        return redirect("customer-detail", customer_id=document.customer_id)
    try:
        content = read_document(document)
    except (OSError, CannotOpen):
        messages.error(
            request,
            _(
                "The file can't be opened: the store is away or has lost it, or its key is gone."
                " Try again in a minute, then tell the people who run this portal."
            ),
        )
        return redirect("customer-detail", customer_id=document.customer_id)
    audit.record(
        actor=request.user,
        action="document.download",
        subject_type="document",
        subject_id=document.pk,
        customer_id=document.customer_id,
        merchant_uid=merchant_uid,
        details={"doc_type": document.doc_type, "version": document.version},
    )
    known = document.content_type in _EXTENSIONS
    response = HttpResponse(
        content, content_type=document.content_type if known else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(True, _name(document))
    # Should a browser show it after all, it may load nothing and run nothing.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _held_back(document: Document) -> str:
    if document.scan == Scan.INFECTED:
        return _("The virus scanner found something in this file: it is in quarantine, and handed to nobody.")
    return _("The virus scanner has not passed this file yet. Its picture can be looked at; try again later.")


def _name(document: Document) -> str:
    """REFERENCE-identity-card-v2.pdf: ours, since the name a file came with may name a person."""
    extension = _EXTENSIONS.get(document.content_type, "bin")
    return f"{document.customer.reference}-{slugify(document.doc_type)}-v{document.version}.{extension}"
