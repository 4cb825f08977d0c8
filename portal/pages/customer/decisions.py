"""What staff do on a customer's page: accept a warning, waive or add a document, submit. POST, then back."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.four_eyes import FourEyesError, is_needed
from accounts.policy import may
from customers.models import Customer, Ubo
from customers.problems import ERROR, Problem, Refused
from kyc.acceptance import accept_warning
from kyc.approvals.waivers import propose_waiver
from kyc.approvals.warnings import propose_acceptance
from kyc.doc_types import types_for
from kyc.documents import add_document
from kyc.submission import NotReady, submit_for_onboarding
from kyc.waivers import waive_document
from portal.pages.customer.forms import UploadForm
from portal.pages.customer.views import in_scope
from portal.pages.guard import StaffRequest, page
from vault.envelope import CannotOpen


def decision(action: str) -> Callable:
    """A view that needs the right to `action`, says how it went, and goes back. For which merchant and at
    which stage is the service's to ask.

    The wrapped function does it and answers what to say; what a service refuses is said with its remedies.
    """

    def decorate(do: Callable[[StaffRequest, Customer], str]) -> Callable[..., HttpResponse]:
        def view(request: StaffRequest, customer_id: UUID) -> HttpResponse:
            customer = in_scope(request, customer_id)
            try:
                messages.success(request, do(request, customer))
            except Refused as refused:
                for problem in refused.problems:
                    level = messages.ERROR if problem.is_error else messages.WARNING
                    messages.add_message(request, level, f"{problem.message} {problem.remedy}".strip())
            except FourEyesError as refused:
                messages.error(request, str(refused))
            except (OSError, CannotOpen):
                messages.error(
                    request,
                    _(
                        "The store of documents did not take the file. Nothing was changed;"
                        " try again in a minute."
                    ),
                )
            return redirect("customer-detail", customer_id=customer.pk)

        view.__name__, view.__doc__ = do.__name__, do.__doc__
        return require_POST(page(action)(view))

    return decorate


@decision("warning.propose")
def accept(request: StaffRequest, customer: Customer) -> str:
    """Accept a warning, or propose that where it takes a second person."""
    key, reason = request.POST.get("key", ""), request.POST.get("reason", "")
    if _is_for_two(request, customer, "warning.accept"):
        propose_acceptance(customer=customer, key=key, reason=reason, actor=request.user)
        return _("Proposed. A second person has to approve it.")
    accept_warning(customer=customer, key=key, reason=reason, actor=request.user)
    return _("The warning is accepted.")


@decision("document.propose_waiver")
def waive(request: StaffRequest, customer: Customer) -> str:
    """Waive a document, or propose that where it takes a second person."""
    doc_type, reason = request.POST.get("doc_type", ""), request.POST.get("reason", "")
    if _is_for_two(request, customer, "document.waive"):
        propose_waiver(customer=customer, doc_type=doc_type, reason=reason, actor=request.user)
        return _("Proposed. A second person has to approve it.")
    waive_document(customer=customer, doc_type=doc_type, reason=reason, actor=request.user)
    return _("%(doc_type)s is waived.") % {"doc_type": doc_type}


def _is_for_two(request: StaffRequest, customer: Customer, action: str) -> bool:
    """Whether a second person has to decide: always, or since this one may only propose."""
    return is_needed(action) or not may(request.user, action, customer.merchant.uid)


@decision("customer.submit")
def submit(request: StaffRequest, customer: Customer) -> str:
    try:
        submit_for_onboarding(customer=customer, actor=request.user)
    except NotReady as held:
        raise Refused(_what_holds(held)) from None
    return _("Submitted. The exchange is told in the background; this page shows how far it is.")


@decision("document.add")
def add(request: StaffRequest, customer: Customer) -> str:
    ubo = None
    if owner := request.POST.get("owner"):
        ubo = get_object_or_404(Ubo.objects.filter(customer=customer), pk=_uuid(owner))
    kind = "ubo" if ubo else customer.entity_type
    form = UploadForm(request.POST, request.FILES, types=types_for(kind))
    if not form.is_valid():
        raise Refused(_problems_of(form))
    values = form.cleaned_data
    added = add_document(
        customer=customer,
        ubo=ubo,
        doc_type=values["doc_type"],
        content=values["file"].read(),
        filename=values["file"].name,
        doc_number=values.get("doc_number") or "",
        doc_expire=values.get("doc_expire"),
        doc_issued=values.get("doc_issued"),
        actor=request.user,
        today=timezone.localdate(),
    )
    for problem in added.problems:
        messages.warning(request, f"{problem.message} {problem.remedy}".strip())
    names = {"doc_type": added.document.doc_type, "version": added.document.version}
    if not added.is_new:
        return _("%(doc_type)s is held already, byte for byte; nothing was changed.") % names
    return _("%(doc_type)s is added as version %(version)d.") % names


def _what_holds(held: NotReady) -> list[Problem]:
    if not held.requirements:
        return [Problem("submitted_already", "", "", ERROR, _("The customer was submitted already."), "")]
    return [
        Problem(
            row.code, row.subject, "", ERROR, _("Not submitted: %(what)s") % {"what": row.title}, row.remedy
        )
        for row in held.requirements
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _problems_of(form: UploadForm) -> list[Problem]:
    return [
        Problem("form", "", name, ERROR, f"{form.fields[name].label}: {error}", "")
        for name, errors in form.errors.items()
        for error in errors
    ]
