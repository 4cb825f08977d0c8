"""What waits for staff, and sending again where the outcome is known."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.four_eyes import is_needed
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.delivery.decisions import RetryNotAllowed, retry_intent
from portal.pages.guard import StaffRequest, page
from portal.pages.waiting.queries import waiting as waiting_for


@require_safe
@page("waiting.view")
def waiting(request: StaffRequest) -> HttpResponse:
    context = {
        "here": "waiting",
        "page": waiting_for(user=request.user, today=timezone.localdate()),
        "takes_two": is_needed("customer.submit"),
    }
    return render(request, "waiting.html", context)


@require_POST
@page("intent.retry")
def retry(request: StaffRequest, intent_id: UUID) -> HttpResponse:
    """Send one intent again; then back to the customer, or to what waits."""
    visible = Customer.objects.visible_to(request.user, "intent.retry").values("pk")
    intent = get_object_or_404(Intent.objects.filter(lane_id__in=visible), pk=intent_id)
    try:
        retry_intent(intent=intent, actor=request.user)
    except RetryNotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It is due now and will be sent with the next delivery."))
    if request.POST.get("back") == "customer":
        return redirect("customer-detail", customer_id=intent.lane_id)
    if request.POST.get("back") == "intent":
        return redirect("intent-detail", intent_id=intent.pk)
    return redirect("waiting")
