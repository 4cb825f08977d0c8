"""The list of customers."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.pages.customers.filters import CustomerFilters
from portal.pages.customers.queries import Listing, list_customers
from portal.pages.guard import StaffRequest, page
from portal.pages.paging import Place


@require_safe
@page("customer.view")
def customers(request: StaffRequest) -> HttpResponse:
    """The list; with htmx, only the part below the filters."""
    filters = CustomerFilters(request.GET, user=request.user)
    values = filters.values()
    after = Place.read(request.GET.get("after", ""))
    not_valid = filters.not_valid()
    listing = (
        Listing([], None)
        if not_valid
        else list_customers(user=request.user, values=values, after=after, today=timezone.localdate())
    )
    context = {
        "here": "customers",
        "filters": filters,
        "values": values,
        "search": values.get("q", ""),
        "rows": listing.rows,
        "looked_at": listing.looked_at,
        "is_first": after is None,
        "next_query": urlencode({**values, "after": str(listing.next)}) if listing.next else "",
        "first_query": urlencode(values),
        "is_filtered": bool(values),
        "not_valid": not_valid,
        "uses_sandbox": settings.USES_SANDBOX,
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, "_customers.html" if part else "customers.html", context)
