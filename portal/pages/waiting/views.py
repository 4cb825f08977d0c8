"""What waits for staff, and sending again where the outcome is known."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.four_eyes import is_needed
from customers.models import Customer
from exchange.outbox.models import Intent
from exchange.outbox.queries import waiting_for_staff
from kyc.delivery.decisions import RetryNotAllowed, may_retry, retry_intent
from portal.pages.guard import StaffRequest, page
from portal.pages.waiting.filters import WaitingFilters
from portal.pages.waiting.kinds import Kind
from portal.pages.waiting.queries import Asked, Start, what_waits
from portal.pages.waiting.queries import waiting as waiting_for


@require_safe
@page("waiting.view")
def waiting(request: StaffRequest) -> HttpResponse:
    filters = WaitingFilters(request.GET, user=request.user)
    values = filters.values()
    topic, reason = values.get("topic", ""), values.get("reason", "")
    # Reasons are the outbox's: whoever asks for one asks for no other kind.
    asked = Asked(Kind.OUTBOX.value if topic or reason else values.get("what", ""), topic, reason)
    start = Start.read(request.GET.get("after", ""))
    shown = waiting_for(user=request.user, today=timezone.localdate(), asked=asked, start=start)
    context = {
        "here": "waiting",
        "page": shown,
        "asked": asked,
        "asked_for": what_waits(topic, reason) if reason else "",
        "not_valid": filters.not_valid(),
        "is_first": start is None,
        "first_query": urlencode(values),
        "next_query": urlencode({**values, "after": str(shown.next)}) if shown.next else "",
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


@require_POST
@page("intent.retry")
def retry_all(request: StaffRequest, customer_id: UUID) -> HttpResponse:
    """Send everything of one customer again that may be; then back to what waits."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user, "intent.retry"), pk=customer_id)
    sent = 0
    for intent in waiting_for_staff().filter(lane_id=customer.pk):
        if may_retry(intent) and not customer.is_editable:
            try:
                retry_intent(intent=intent, actor=request.user)
            except RetryNotAllowed as refused:
                messages.error(request, str(refused))
            else:
                sent += 1
    if sent:
        said = ngettext(
            "%(n)d thing is due now and will be sent with the next delivery.",
            "%(n)d things are due now and will be sent with the next delivery.",
            sent,
        )
        messages.success(request, said % {"n": sent})
    else:
        messages.error(
            request, _("Nothing of this customer can be sent again as it is. Nothing was changed.")
        )
    return redirect("waiting")
