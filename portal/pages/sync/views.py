"""The sync page, the list of intents behind its numbers, and one intent."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import require
from customers.models import Customer
from exchange.outbox.models import Intent
from portal.pages.guard import StaffRequest, page
from portal.pages.paging import Place
from portal.pages.sync.filters import IntentFilters
from portal.pages.sync.listing import list_intents
from portal.pages.sync.one import one_intent
from portal.pages.sync.queries import sync as sync_of

REFRESH_SECONDS = 5


@require_safe
@page("sync.view")
def sync(request: StaffRequest) -> HttpResponse:
    """The page; with htmx, its numbers only."""
    context = {
        "here": "sync",
        "page": sync_of(user=request.user),
        "refreshed_at": timezone.now(),
        "refresh_seconds": REFRESH_SECONDS,
    }
    return render(request, "_sync.html" if request.htmx else "sync.html", context)


@require_safe
@page("sync.view")
def intents(request: StaffRequest) -> HttpResponse:
    """The list; with htmx, only the part below the filters."""
    filters = IntentFilters(request.GET, user=request.user)
    values = filters.values()
    after = Place.read(request.GET.get("after", ""))
    listing = list_intents(user=request.user, values=values, after=after)
    context = {
        "here": "sync",
        "current": "true",
        "filters": filters,
        "values": values,
        "rows": listing.rows,
        "is_first": after is None,
        "next_query": urlencode({**values, "after": str(listing.next)}) if listing.next else "",
        "first_query": urlencode(values),
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, "_intents.html" if part else "intents.html", context)


@require_safe
@page("sync.view")
def intent(request: StaffRequest, intent_id: UUID) -> HttpResponse:
    """One intent with its attempts; 404 for one that is not the user's to see."""
    found = get_object_or_404(Intent, pk=intent_id)
    customer = get_object_or_404(
        Customer.objects.visible_to(request.user).select_related("merchant"), pk=found.lane_id
    )
    require(request.user, "sync.view", found.merchant_uid)
    context = {
        "here": "sync",
        "current": "true",
        "page": one_intent(found, customer, user=request.user),
        "customer": customer,
        "intent": found,
    }
    return render(request, "intent.html", context)
