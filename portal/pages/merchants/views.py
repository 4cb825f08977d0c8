"""Merchants, and one merchant with what we note about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.policy import may, require
from customers.merchant_contacts import change_contact
from customers.models import Merchant
from portal.pages.guard import StaffRequest, page
from portal.pages.merchants.forms import ContactForm
from portal.pages.merchants.queries import SHOWN_MAX, list_merchants, merchant_standing


@require_safe
@page("merchant.view")
def merchants(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    rows, more = list_merchants(user=request.user, text=text)
    return render(
        request,
        "merchants.html",
        {"here": "merchants", "rows": rows, "more": more, "shown_max": SHOWN_MAX, "text": text},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page("merchant.view")
def merchant(request: StaffRequest, uid: str) -> HttpResponse:
    """One merchant; POST changes its contact and notes."""
    found = get_object_or_404(Merchant.objects.visible_to(request.user), uid=uid)
    require(request.user, "merchant.view", found.uid)
    form = ContactForm(request.POST or None, merchant=found)
    if request.method == "POST":
        require(request.user, "merchant.change", found.uid)
        if form.is_valid():
            changed = change_contact(merchant=found, data=form.cleaned_data, actor=request.user)
            messages.success(
                request, _("Saved.") if changed else _("Nothing was different, so nothing was changed.")
            )
            return redirect("merchant-detail", uid=found.uid)
    return render(
        request,
        "merchant.html",
        {
            "here": "merchants",
            "current": "true",
            "merchant": found,
            "standing": merchant_standing(found),
            "form": form,
            "may_change": may(request.user, "merchant.change", found.uid),
        },
        status=422 if form.errors else 200,
    )
