"""What we hold against what the exchange holds: the last comparison, and the asking for another."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.policy import may
from kyc.drift.reconciling import request_run
from kyc.drift.taking_in import NothingIsTakenIn, ask_to_take_in
from portal.pages.drift.filters import DriftFilters
from portal.pages.drift.queries import ROWS_SHOWN, takeable_rows, visible_rows
from portal.pages.drift.queries import drift as drift_of
from portal.pages.guard import StaffRequest, page

REFRESH_SECONDS = 5


@require_safe
@page("drift.view")
def drift(request: StaffRequest) -> HttpResponse:
    """The page; with htmx, only what is below the filters."""
    filters = DriftFilters(request.GET, user=request.user)
    values = filters.values()
    not_valid = filters.not_valid()
    found = drift_of(user=request.user, values=values)
    if not_valid:
        found = replace(found, rows=[], has_more=False)
    context = {
        "here": "drift",
        "filters": filters,
        "values": values,
        "not_valid": not_valid,
        "page": found,
        "rows_shown": ROWS_SHOWN,
        "refreshed_at": timezone.now(),
        "refresh_seconds": REFRESH_SECONDS,
        "may_reconcile": may(request.user, "drift.reconcile_all"),
        "may_take_in": may(request.user, "drift.take_in"),
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, "_drift.html" if part else "drift.html", context)


@require_POST
@page("drift.reconcile_all")
def reconcile(request: StaffRequest) -> HttpResponse:
    """Have the worker compare all lists."""
    _run, is_new = request_run(actor=request.user)
    if is_new:
        messages.success(request, _("Asked for. The worker begins within seconds; the result is shown here."))
    else:
        messages.info(request, _("A comparison is under way already."))
    return redirect("drift")


@require_POST
@page("drift.take_in")
def take_in(request: StaffRequest, row_id: UUID | None = None) -> HttpResponse:
    """Have the worker make read-only records: of one account, or of all that the last comparison found."""
    rows = takeable_rows(request.user)
    if row_id is not None:
        rows = visible_rows(request.user).filter(pk=row_id)
        if not rows:
            raise Http404
    try:
        asked = ask_to_take_in(list(rows), actor=request.user)
    except NothingIsTakenIn as refused:
        messages.error(request, _("Nothing is taken in: %(why)s.") % {"why": refused})
        return redirect("drift")
    if asked:
        messages.success(
            request,
            ngettext(
                "One record is asked for. The worker reads the account and says here what came of it.",
                "%(n)d records are asked for. The worker reads the accounts and says here what came of them.",
                asked,
            )
            % {"n": asked},
        )
    else:
        messages.info(request, _("There is nothing to take in."))
    return redirect("drift")
