"""Invite somebody, send the letter again, take the invitation back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from accounts.invitations import LinkNotGood, NotInvited, invite, open_invitations, send_again, withdraw
from accounts.sign_in.mail import NotSent
from accounts.step_up import require_fresh
from portal.pages.guard import StaffRequest, page


class InvitationForm(forms.Form):
    email = forms.EmailField(label=lazy("E-mail address"), max_length=254)
    name = forms.CharField(label=lazy("Name"), max_length=150, required=False)


@page("user.invite")
def invitations(request: StaffRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST":
        require_fresh(request)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invite(email, actor=request.user, name=form.cleaned_data["name"])
        except NotInvited as error:
            form.add_error("email", str(error))
        except NotSent:
            _say_not_sent(request)
            return redirect("invitations")
        else:
            messages.success(request, _("%(email)s is invited.") % {"email": email})
            return redirect("invitations")
    now = timezone.now()
    rows = [(invitation, invitation.is_open(now)) for invitation in open_invitations()]
    return render(request, "invitations.html", {"form": form, "rows": rows, "here": "invitations"})


@require_POST
@page("user.invite")
def again(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    require_fresh(request)
    invitation = get_object_or_404(open_invitations(), pk=invitation_id)
    try:
        send_again(invitation, actor=request.user)
        messages.success(
            request, _("A new letter is on its way. The link of the one before is good no more.")
        )
    except NotSent:
        _say_not_sent(request)
    except LinkNotGood:
        messages.info(request, _("This invitation is no longer open."))
    return redirect("invitations")


@require_POST
@page("user.invite")
def take_back(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    invitation = get_object_or_404(open_invitations(), pk=invitation_id)
    try:
        withdraw(invitation, actor=request.user)
        messages.success(request, _("The invitation is taken back, and its account closed."))
    except LinkNotGood:
        messages.info(request, _("This invitation is no longer open."))
    return redirect("invitations")


def _say_not_sent(request: StaffRequest) -> None:
    messages.error(
        request,
        _("The mail server did not take the letter. The invitation stands: send it again once mail works."),
    )
