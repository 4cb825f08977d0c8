"""The sync page, the list of intents behind its numbers, and one intent."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.four_eyes import FourEyesError
from accounts.policy import require
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.acceptance import REASON_MAX
from kyc.delivery.decisions import NotAllowedNow
from portal.pages.guard import StaffRequest, page
from portal.pages.paging import Place
from portal.pages.sync.filters import IntentFilters
from portal.pages.sync.listing import Listing, list_intents
from portal.pages.sync.offers import BY_NAME
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
    not_valid = filters.not_valid()
    listing = Listing([], None) if not_valid else list_intents(user=request.user, values=values, after=after)
    context = {
        "here": "sync",
        "current": "true",
        "filters": filters,
        "values": values,
        "not_valid": not_valid,
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
    found, customer = _in_scope(request, intent_id)
    require(request.user, "sync.view", found.merchant_uid)
    context = {
        "here": "sync",
        "current": "true",
        "page": one_intent(found, customer, user=request.user),
        "customer": customer,
        "intent": found,
        "reason_max": REASON_MAX,
    }
    return render(request, "intent.html", context)


@require_POST
@page("sync.view")
def decide(request: StaffRequest, intent_id: UUID, name: str) -> HttpResponse:
    """Take one of the decisions of `offers`, with the reason where it needs one; then back to the intent."""
    found, _customer = _in_scope(request, intent_id)
    offer = BY_NAME.get(name)
    if offer is None:
        raise Http404
    require(request.user, offer.action, found.merchant_uid)
    reason = request.POST.get("reason", "").replace("\x00", "").strip()
    if offer.needs_reason and not 0 < len(reason) <= REASON_MAX:
        messages.error(
            request,
            _("Say in a sentence why, in at most %(max)d characters. Nothing was changed.")
            % {"max": REASON_MAX},
        )
    else:
        try:
            account = request.POST.get("account", "")
            offer.decide(intent=found, actor=request.user, reason=reason, account=account)
        except (NotAllowedNow, FourEyesError) as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, str(offer.said))
    return redirect("intent-detail", intent_id=found.pk)


def _in_scope(request: StaffRequest, intent_id: UUID) -> tuple[Intent, Customer]:
    found = get_object_or_404(Intent, pk=intent_id)
    visible = Customer.objects.visible_to(request.user, "sync.view").select_related("merchant")
    return found, get_object_or_404(visible, pk=found.lane_id)
