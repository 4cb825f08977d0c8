"""The audit trail: searching it, and taking a copy away."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit as trail
from accounts.policy import may
from accounts.sealing_heads import last_head
from accounts.step_up import fresh_second_factor
from portal.pages.audit.exporting import csv_lines
from portal.pages.audit.filters import AuditFilters
from portal.pages.audit.queries import Listing, list_entries, matching, visible_entries
from portal.pages.guard import StaffRequest, page

# More than this is a matter for the database's own tools.
EXPORTED_MAX = 100_000


@require_safe
@page("audit.view")
def audit(request: StaffRequest) -> HttpResponse:
    """The page; with htmx, only the part below the filters."""
    filters = AuditFilters(request.GET, user=request.user)
    values = filters.values()
    before = _number(request.GET.get("before", ""))
    not_valid = filters.not_valid()
    listing = (
        Listing([], None) if not_valid else list_entries(user=request.user, values=values, before=before)
    )
    context = {
        "here": "audit",
        "filters": filters,
        "values": values,
        "not_valid": not_valid,
        "rows": listing.rows,
        "is_first": before is None,
        "next_query": urlencode({**values, "before": listing.next}) if listing.next else "",
        "first_query": urlencode(values),
        "head": last_head(),
        "may_export": may(request.user, "audit.export"),
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, "_audit.html" if part else "audit.html", context)


@require_POST
@page("audit.export")
@fresh_second_factor
def export(request: StaffRequest) -> HttpResponse | StreamingHttpResponse:
    """What the filters find, as CSV. That it was taken is written down before the first byte leaves."""
    filters = AuditFilters(request.POST, user=request.user)
    values = filters.values()
    if filters.not_valid():
        messages.error(
            request,
            _("A filter is not valid, so nothing was taken. Correct it on the page, and try again."),
        )
        return redirect("audit")
    found = matching(visible_entries(request.user, "audit.export"), values)
    count = found.count()
    if count > EXPORTED_MAX:
        messages.error(
            request,
            _("These are %(count)d entries, and at most %(max)d can be taken at once. Narrow the dates.")
            % {"count": count, "max": EXPORTED_MAX},
        )
        return redirect(f"{request.path_info.removesuffix('export/')}?{urlencode(values)}")
    # What was written since is not part of it: the copy ends where it was counted.
    last = found.order_by("-pk").values_list("pk", flat=True).first() or 0
    with transaction.atomic():
        trail.record(
            actor=request.user,
            action="audit.export",
            subject_type="audit",
            subject_id=None,
            merchant_uid=values.get("merchant", ""),
            details={"entries": count, "filters": sorted(values)},
        )
    name = f"audit-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    return StreamingHttpResponse(
        csv_lines(found.filter(pk__lte=last), EXPORTED_MAX),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _number(text: str) -> int | None:
    """An entry's number from an address; None for anything else, which means the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
