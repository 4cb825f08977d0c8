"""Deciding what somebody else proposed, and taking back what one proposed oneself. POST, then back."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import four_eyes, proposals
from accounts.models import Proposal
from accounts.step_up import require_fresh
from portal.pages.guard import StaffRequest, page


def _deciding(do: Callable[[StaffRequest, Proposal], str]) -> Callable[..., HttpResponse]:
    """A view that decides one proposal among those its reader may know of; what it says, and back."""

    def view(request: StaffRequest, proposal_id: UUID) -> HttpResponse:
        proposal = get_object_or_404(proposals.known_to(request.user), pk=proposal_id)
        try:
            messages.success(request, do(request, proposal))
        except four_eyes.FourEyesError as refused:
            messages.error(request, str(refused))
        back = request.POST.get("back")
        if back == "customer" and proposal.customer_id:
            return redirect("customer-detail", customer_id=proposal.customer_id)
        if back == "person" and proposal.subject_type == "user":
            return redirect("person-detail", user_id=proposal.subject_id)
        if back == "intent" and proposal.subject_type == "intent":
            return redirect("intent-detail", intent_id=proposal.subject_id)
        return redirect("people" if back == "people" else "waiting")

    view.__name__, view.__doc__ = do.__name__, do.__doc__
    return require_POST(page("waiting.view")(view))


@_deciding
def approve(request: StaffRequest, proposal: Proposal) -> str:
    """A second person agrees, and it is done."""
    if four_eyes.MATTERS[proposal.action].needs_step_up:
        require_fresh(request)
    four_eyes.approve(proposal, actor=request.user, reason=request.POST.get("reason", ""))
    return _("Approved, and done.")


@_deciding
def refuse(request: StaffRequest, proposal: Proposal) -> str:
    """A second person disagrees, with the reason."""
    four_eyes.refuse(proposal, actor=request.user, reason=request.POST.get("reason", ""))
    return _("Refused. Whoever proposed it sees your reason.")


@_deciding
def withdraw(request: StaffRequest, proposal: Proposal) -> str:
    """Whoever proposed it takes it back."""
    four_eyes.withdraw(proposal, actor=request.user)
    return _("Taken back.")
